// What `wal-e backup-list --detail LATEST` prints: tab separated values with a line of names, one line a backup. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/lsn.h"

namespace tamada {

struct WaleBackup {
  std::string name;           // "base_000000010000000000000002_00000040"
  std::string last_modified;  // ISO 8601, as printed
  std::int64_t expanded_size_bytes = 0;
  std::string start_segment;  // "000000010000000000000002"
  std::uint32_t start_offset = 0;
};

// The only backup of the list; columns are found by their names, further ones do not matter. Error NotFound for a list
// without a backup, Conflict for more than one, Protocol for anything that is no such list.
Result<WaleBackup> parse_wale_backup_list(std::string_view text);

// Where the backup begins. Segments are numbered within each 4 GB of WAL, so their size is needed: a power of two from
// 1 MB to 1 GB, 16 MB unless initdb was told otherwise.
Result<Lsn> wale_start(const WaleBackup& backup, std::uint32_t segment_bytes);

}  // namespace tamada
