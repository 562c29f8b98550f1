"""Lists of pairs and of scored pairs, in every form in which test sets reach people."""
