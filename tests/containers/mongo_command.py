"""Send one command to a mongod and print its answer: the bridge below mongosh_stand_in.js."""

import json
import sys

from bson import json_util
from pymongo import MongoClient
from pymongo.errors import PyMongoError


def main() -> None:
    """Read {address, credentials, database, command} from standard input; print the answer, or {error}."""
    request = json.load(sys.stdin)
    login = request["credentials"] or {}
    client: MongoClient[dict[str, object]] = MongoClient(
        request["address"],
        directConnection=True,
        serverSelectionTimeoutMS=5_000,
        username=login.get("user"),
        password=login.get("password"),
    )
    with client:
        try:
            answer = client[request["database"]].command(request["command"])
        except PyMongoError as error:
            answer = {"error": str(error)}
    sys.stdout.write(json_util.dumps(answer))


if __name__ == "__main__":
    main()
