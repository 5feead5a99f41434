"""What samples of any model are worth beside real data: by column, by pair, to learn from, and whether they are copies.

Every value stands beside that of a perfect model at the same numbers of rows, which is seldom 0 or 1.
"""

from adagan.quality.copying import Copying, copying
from adagan.quality.table_quality import TableQuality, table_quality

__all__ = ["Copying", "TableQuality", "copying", "table_quality"]
