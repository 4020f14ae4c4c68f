"""`python -m bot` is `outpost`."""

from bot.cli import main

if __name__ == "__main__":
    main()
