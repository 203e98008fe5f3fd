"""`python -m cqrs.broker.csbroker`, where the console script is not installed."""

from cqrs.broker.csbroker.app import main

if __name__ == "__main__":
    main()
