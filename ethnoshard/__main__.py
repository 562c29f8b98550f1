"""``python -m ethnoshard`` is the command line."""

from ethnoshard.cli import main

if __name__ == "__main__":
    main()
