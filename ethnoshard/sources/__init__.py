"""Where photographs come from: identity folders, archives of them, and RecordIO, listed and read alike; pair lists."""

from ethnoshard.sources._contents import (
    Digests,
    contents_digest,
    digests_in_pieces,
    image_digests,
    look_of_images,
    place_key,
)
from ethnoshard.sources._listing import Listing, People, Smell
from ethnoshard.sources._look import Look, look_at
from ethnoshard.sources._place import Place
from ethnoshard.sources._reader import ImageRef, SourceReader
from ethnoshard.sources._reading import Reading
from ethnoshard.sources._refs import identity_starts
from ethnoshard.sources._remarks import Remark, Remarks, plain
from ethnoshard.sources._source import Source, open_source
from ethnoshard.sources.collections._labelled import LabelledFaces, open_labelled
from ethnoshard.sources.pairs._bin import read_bin_pairs, read_bins_of_groups
from ethnoshard.sources.pairs._form import PAIRS_FORMS, WITH_IMAGES, PairsForm, pairs_form, read_any_pairs
from ethnoshard.sources.pairs._image_pairs import ImagePairs
from ethnoshard.sources.pairs._lfw_csv import read_lfw_csv_pairs
from ethnoshard.sources.pairs._matching import MatchedPairs, explain_absent, find_pairs, nearest_name
from ethnoshard.sources.pairs._pair_list import MissingImages, PairList
from ethnoshard.sources.pairs._parquet import read_parquet_pairs
from ethnoshard.sources.pairs._paths import read_label_first_pairs, read_two_line_pairs
from ethnoshard.sources.pairs._published import (
    CfpProtocol,
    read_bfw_pairs,
    read_cfp_pairs,
    read_lfw_pairs,
    read_rfw_pairs,
)
from ethnoshard.sources.pairs._scores import ScoredPairs, read_scores
from ethnoshard.sources.recordio._writer import RecordWriter
from ethnoshard.sources.tables._group_source import GroupSource
from ethnoshard.sources.tables._groups import AttributeTable, file_part, read_attributes
from ethnoshard.sources.tables._lfw_groups import read_lfw_groups
from ethnoshard.sources.tables._listed_by import listed_by
from ethnoshard.sources.tables._people import PersonTable, read_person_table
from ethnoshard.sources.tables._people_list import ImageTable, read_people_list
from ethnoshard.sources.tables._roles import column_choices
from ethnoshard.sources.tables._text import LINE, column_names, read_text_table

__all__ = [
    "LINE",
    "PAIRS_FORMS",
    "WITH_IMAGES",
    "AttributeTable",
    "CfpProtocol",
    "Digests",
    "GroupSource",
    "ImagePairs",
    "ImageRef",
    "ImageTable",
    "LabelledFaces",
    "Listing",
    "Look",
    "MatchedPairs",
    "MissingImages",
    "PairList",
    "PairsForm",
    "People",
    "PersonTable",
    "Place",
    "Reading",
    "RecordWriter",
    "Remark",
    "Remarks",
    "ScoredPairs",
    "Smell",
    "Source",
    "SourceReader",
    "column_choices",
    "column_names",
    "contents_digest",
    "digests_in_pieces",
    "explain_absent",
    "file_part",
    "find_pairs",
    "identity_starts",
    "image_digests",
    "listed_by",
    "look_at",
    "look_of_images",
    "nearest_name",
    "open_labelled",
    "open_source",
    "pairs_form",
    "place_key",
    "plain",
    "read_any_pairs",
    "read_attributes",
    "read_bfw_pairs",
    "read_bin_pairs",
    "read_bins_of_groups",
    "read_cfp_pairs",
    "read_label_first_pairs",
    "read_lfw_csv_pairs",
    "read_lfw_groups",
    "read_lfw_pairs",
    "read_parquet_pairs",
    "read_people_list",
    "read_person_table",
    "read_rfw_pairs",
    "read_scores",
    "read_text_table",
    "read_two_line_pairs",
]
