"""`raw_stores`: the same stores without the application, in the same run, so that a slow machine can be told apart."""

import time
from collections.abc import Sequence
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from benchmarks.measurement import Measured
from benchmarks.sample import new_seed, user_bodies
from benchmarks.stack import Stack

BATCH = 1000
TABLES = ("prm_user", "prm_user_location", "prm_user_identity", "prm_user_login", "prm_user_picture")
COLLECTION = "benchmark_raw"

# Copies without the foreign keys: rows go in as fast as this machine's disk and processor let them.
CREATE = """
drop schema if exists benchmark cascade;
create schema benchmark;
""" + "".join(f"create table benchmark.{table} (like public.{table} including all);" for table in TABLES)
DROP = "drop schema benchmark cascade"

INSERT = """
with input as materialized (
    select gen_random_uuid() as id, clock_timestamp() as at, value as person from jsonb_array_elements(%(people)s)
), users as (
    insert into benchmark.prm_user (id, email, seed, app_id, version, gender, nat, title, first_name, last_name,
                                    born_at, registered_at, phone, cell, created_at, updated_at)
    select id, person->>'email', %(seed)s, 'raw', 1, person->>'gender', person->>'nat', person#>>'{name,title}',
           person#>>'{name,first}', person#>>'{name,last}', (person#>>'{dob,date}')::timestamptz,
           (person#>>'{registered,date}')::timestamptz, person->>'phone', person->>'cell', at, at from input
), location as (
    insert into benchmark.prm_user_location (user_id, street_number, street_name, city, state, country, postcode)
    select id, (person#>>'{location,street,number}')::bigint, person#>>'{location,street,name}',
           person#>>'{location,city}', person#>>'{location,state}', person#>>'{location,country}',
           person#>>'{location,postcode}' from input
), identity as (
    insert into benchmark.prm_user_identity (user_id, name, value)
    select id, person#>>'{id,name}', person#>>'{id,value}' from input
), login as (
    insert into benchmark.prm_user_login (user_id, seed, uuid, username)
    select id, %(seed)s, (person#>>'{login,uuid}')::uuid, person#>>'{login,username}' from input
)
insert into benchmark.prm_user_picture (user_id, large, medium, thumbnail)
select id, person#>>'{picture,large}', person#>>'{picture,medium}', person#>>'{picture,thumbnail}' from input
"""


def raw_stores(stack: Stack, users: int) -> list[Measured]:
    """Insert users into five tables and into a collection, by 1,000, from one connection each."""
    seed = new_seed("raw")
    people: list[Any] = [msgspec.json.decode(body) for body in user_bodies(seed, users)]
    batches = [people[start : start + BATCH] for start in range(0, users, BATCH)]
    return [
        Measured(
            name="raw_stores",
            parameters={"users": users, "batch": BATCH},
            figures={
                "five_tables_per_second": round(users / _into_postgres(stack, seed, batches), 1),
                "insert_many_per_second": round(users / _into_mongodb(stack, batches), 1),
            },
        )
    ]


def _into_postgres(stack: Stack, seed: str, batches: Sequence[list[Any]]) -> float:
    stack.postgres.execute(CREATE)
    try:
        began = time.perf_counter()
        for batch in batches:
            stack.postgres.execute(INSERT, {"people": Jsonb(batch), "seed": seed})
        return time.perf_counter() - began
    finally:
        stack.postgres.execute(DROP)


def _into_mongodb(stack: Stack, batches: Sequence[list[Any]]) -> float:
    collection = stack.mongodb[COLLECTION]
    collection.drop()
    try:
        began = time.perf_counter()
        for batch in batches:
            collection.insert_many(batch, ordered=False)
        return time.perf_counter() - began
    finally:
        collection.drop()
