"""insightface's RecordIO: the format, and a set of millions of records listed in columns."""
