// Adds up the files of a data directory in small portions, so that a large one never occupies a thread for long.
// Blocking: each portion on a pool thread, one at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace tamada {

// Files come and go meanwhile; what cannot be looked at counts nothing. Tablespaces behind the links of pg_tblspc
// count, pg_wal (pg_xlog) does not.
class DirectorySize {
 public:
  explicit DirectorySize(std::string data_dir);

  // Looks at up to `entries` more; true when everything was seen.
  bool look_on(int entries);
  std::int64_t bytes() const { return bytes_; }

 private:
  void enter(const std::filesystem::path& directory);
  void take(const std::filesystem::directory_entry& entry);

  std::filesystem::path data_dir_;
  bool begun_ = false;
  std::vector<std::filesystem::directory_iterator> open_;
  std::int64_t bytes_ = 0;
};

}  // namespace tamada
