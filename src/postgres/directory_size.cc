#include "postgres/directory_size.h"

namespace tamada {

namespace fs = std::filesystem;

DirectorySize::DirectorySize(std::string data_dir) : data_dir_(std::move(data_dir)) {}

void DirectorySize::enter(const fs::path& directory) {
  std::error_code ec;
  fs::directory_iterator entries(directory, ec);
  if (!ec) open_.push_back(std::move(entries));
}

void DirectorySize::take(const fs::directory_entry& entry) {
  std::error_code ec;
  const fs::path& path = entry.path();
  const fs::path parent = path.parent_path();
  if (parent == data_dir_ && (path.filename() == "pg_wal" || path.filename() == "pg_xlog")) return;
  const auto type = entry.symlink_status(ec).type();
  if (type == fs::file_type::directory || (type == fs::file_type::symlink && parent == data_dir_ / "pg_tblspc")) {
    enter(path);
  } else if (type == fs::file_type::regular) {
    const auto size = entry.file_size(ec);
    if (!ec) bytes_ += static_cast<std::int64_t>(size);
  }
}

bool DirectorySize::look_on(int entries) {
  if (!begun_) enter(data_dir_);
  begun_ = true;
  while (entries-- > 0 && !open_.empty()) {
    if (open_.back() == fs::directory_iterator()) {
      open_.pop_back();
      continue;
    }
    const fs::directory_entry entry = *open_.back();
    std::error_code ec;
    open_.back().increment(ec);
    if (ec) open_.pop_back();
    take(entry);
  }
  return open_.empty();
}

}  // namespace tamada
