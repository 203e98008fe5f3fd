-- Run once, when the volume is empty: the application's role, which is no superuser, and its database.
\getenv password POSTGRES_APPLICATION_PASSWORD

CREATE ROLE cqrs LOGIN PASSWORD :'password';
CREATE DATABASE cqrs OWNER cqrs;
