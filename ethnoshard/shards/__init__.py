"""The dataset on disk: shards of one group each, an index of every face, a manifest that vouches for both."""

from ethnoshard._progress import Progress
from ethnoshard._urls import is_url, printable_url
from ethnoshard.shards._dataset import FaceDataset
from ethnoshard.shards._decisions import (
    ACTIONS,
    Action,
    Decision,
    Decisions,
    decisions_csv,
    read_decisions,
    write_decisions,
)
from ethnoshard.shards._export import EXPORT_FORMS, ExportForm, ExportReport, export_dataset
from ethnoshard.shards._info import DatasetInfo, GroupInfo, describe
from ethnoshard.shards._manifest import DecisionCounts, DecisionRecord, Manifest
from ethnoshard.shards._open_shards import open_shards
from ethnoshard.shards._pack import PackReport, PackSettings, pack
from ethnoshard.shards._preview import contact_sheet
from ethnoshard.shards._read import LocalShards, ReadCounts, ShardReader
from ethnoshard.shards._remote import RemoteShards
from ethnoshard.shards._tables import (
    composition,
    failure_table,
    label_words,
    left_out_table,
    settings_table,
    shard_table,
    status_table,
)
from ethnoshard.shards._verify import Verification, verify

__all__ = [
    "ACTIONS",
    "EXPORT_FORMS",
    "Action",
    "DatasetInfo",
    "Decision",
    "DecisionCounts",
    "DecisionRecord",
    "Decisions",
    "ExportForm",
    "ExportReport",
    "FaceDataset",
    "GroupInfo",
    "LocalShards",
    "Manifest",
    "PackReport",
    "PackSettings",
    "Progress",
    "ReadCounts",
    "RemoteShards",
    "ShardReader",
    "Verification",
    "composition",
    "contact_sheet",
    "decisions_csv",
    "describe",
    "export_dataset",
    "failure_table",
    "is_url",
    "label_words",
    "left_out_table",
    "open_shards",
    "pack",
    "printable_url",
    "read_decisions",
    "settings_table",
    "shard_table",
    "status_table",
    "verify",
    "write_decisions",
]
