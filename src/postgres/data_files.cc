#include "postgres/data_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include <fmt/format.h>

#include "host/files.h"
#include "host/unique_fd.h"
#include "postgres/version_table.h"

namespace tamada {

namespace fs = std::filesystem;

namespace {

Error io_error(std::string_view what, const fs::path& path, const std::error_code& ec) {
  return Error(ErrorCode::Io, fmt::format("{} {}: {}", what, path.string(), ec.message()));
}

bool is_history_file(const std::string& name) {
  return name.size() == 16 && name.ends_with(".history") &&
         name.find_first_not_of("0123456789ABCDEF") == name.size() - 8;
}

// A link of the data directory that points to a directory elsewhere.
struct OutsideLink {
  fs::path link;
  fs::path target;
  bool tablespace = false;
};

// What the links may lead to: a directory that neither holds the data directory nor is a root of the file system.
bool is_plausible_target(const fs::path& target, const fs::path& data_dir) {
  std::error_code ec;
  fs::path real_data = fs::weakly_canonical(data_dir, ec);
  if (ec) return false;
  fs::path relative = real_data.lexically_relative(target);
  bool holds_data = !relative.empty() && *relative.begin() != "..";
  return target.is_absolute() && target.has_relative_path() && target.parent_path() != target.root_path() &&
         !holds_data;
}

Result<void> add_link(const fs::path& link, bool tablespace, const fs::path& data_dir, std::vector<OutsideLink>& out) {
  std::error_code ec;
  if (!fs::is_symlink(fs::symlink_status(link, ec))) return {};
  fs::path target = fs::canonical(link, ec);
  if (ec == std::errc::no_such_file_or_directory) return {};  // dangling: only the link itself is left
  if (ec) return io_error("cannot follow", link, ec);
  if (!fs::is_directory(target, ec)) return {};
  if (!is_plausible_target(target, data_dir)) {
    return Error(ErrorCode::Conflict, fmt::format("{} points to {}, which cannot be a directory of this cluster alone",
                                                  link.string(), target.string()));
  }
  out.push_back({link, target, tablespace});
  return {};
}

Result<std::vector<OutsideLink>> outside_links(const fs::path& data_dir) {
  std::vector<OutsideLink> links;
  for (const char* wal : {"pg_wal", "pg_xlog"}) {
    auto added = add_link(data_dir / wal, false, data_dir, links);
    if (!added) return added.error();
  }
  std::error_code ec;
  fs::directory_iterator entries(data_dir / "pg_tblspc", ec);
  if (ec == std::errc::no_such_file_or_directory) return links;
  if (ec) return io_error("cannot read", data_dir / "pg_tblspc", ec);
  for (const auto& entry : entries) {
    auto added = add_link(entry.path(), true, data_dir, links);
    if (!added) return added.error();
  }
  return links;
}

Result<void> remove_tree(const fs::path& path) {
  std::error_code ec;
  fs::remove_all(path, ec);
  if (ec) return io_error("cannot remove", path, ec);
  return {};
}

// `keep` says which entries stay.
template <class Keep>
Result<void> remove_contents(const fs::path& directory, const std::atomic<bool>& abandoned, Keep keep) {
  std::error_code ec;
  fs::directory_iterator entries(directory, ec);
  if (ec == std::errc::no_such_file_or_directory) return {};
  if (ec) return io_error("cannot read", directory, ec);
  std::vector<fs::path> doomed;
  for (const auto& entry : entries) {
    if (!keep(entry.path())) doomed.push_back(entry.path());
  }
  for (const auto& path : doomed) {
    if (abandoned) return Error(ErrorCode::Cancelled, "removing the data directory was given up");
    auto removed = remove_tree(path);
    if (!removed) return removed;
  }
  return {};
}

Result<void> rename_over(const fs::path& from, const fs::path& to) {
  auto removed = remove_tree(to);
  if (!removed) return removed;
  std::error_code ec;
  fs::rename(from, to, ec);
  if (ec) return io_error("cannot rename", from, ec);
  return {};
}

Result<void> repoint(const fs::path& link, const fs::path& target) {
  std::error_code ec;
  fs::path fresh = link;
  fresh += ".new";
  fs::remove(fresh, ec);
  fs::create_directory_symlink(target, fresh, ec);
  if (ec) return io_error("cannot make the link", fresh, ec);
  fs::rename(fresh, link, ec);
  if (ec) return io_error("cannot replace the link", link, ec);
  return {};
}

}  // namespace

Result<bool> data_dir_is_empty(const std::string& data_dir) {
  std::error_code ec;
  bool empty = fs::is_empty(data_dir, ec);
  if (ec == std::errc::no_such_file_or_directory) return true;
  if (ec) return io_error("cannot read", data_dir, ec);
  if (!fs::is_directory(data_dir, ec)) return Error(ErrorCode::Io, data_dir + " is no directory");
  if (empty) return true;
  // A file system of its own brings lost+found along.
  fs::directory_iterator entries(data_dir, ec);
  if (ec) return io_error("cannot read", data_dir, ec);
  return std::all_of(begin(entries), end(entries), [](const auto& e) { return e.path().filename() == "lost+found"; });
}

Result<void> remove_data_directory(const std::string& data_dir, const std::atomic<bool>& abandoned) {
  fs::path directory(data_dir);
  if (!directory.is_absolute() || directory.lexically_normal() == directory.root_path()) {
    return Error(ErrorCode::Invalid, fmt::format("'{}' cannot be a data directory", data_dir));
  }
  auto links = outside_links(data_dir);
  if (!links) return links.error();
  auto control = remove_file(join_path(data_dir, "global/pg_control"));
  if (!control) return control;
  std::string version_prefix = fmt::format("PG_{}_", format_pg_version(data_major_version(data_dir)));
  for (const auto& link : *links) {
    auto removed = remove_contents(link.target, abandoned, [&](const fs::path& path) {
      return link.tablespace && !path.filename().string().starts_with(version_prefix);
    });
    if (!removed) return removed;
  }
  return remove_contents(directory, abandoned, [](const fs::path& path) { return path.filename() == "lost+found"; });
}

Result<std::string> move_data_directory(const std::string& data_dir, const std::string& suffix) {
  auto empty = data_dir_is_empty(data_dir);
  if (!empty) return empty.error();
  if (*empty) return std::string();
  auto links = outside_links(data_dir);
  if (!links) return links.error();
  for (const auto& link : *links) {
    fs::path target = link.target.string() + suffix;
    auto moved = rename_over(link.target, target);
    if (!moved) return moved.error();
    auto pointed = repoint(link.link, target);
    if (!pointed) return pointed.error();
  }
  std::string name = data_dir;
  while (name.size() > 1 && name.back() == '/') name.pop_back();
  auto moved = rename_over(name, name + suffix);
  if (!moved) return moved.error();
  auto synced = sync_directory(parent_path(name));
  if (!synced) return synced.error();
  return name + suffix;
}

Result<void> append_to_file(const std::string& path, const std::string& text) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  if (!fd) return errno_error("cannot open", path, errno);
  std::string_view left = text;
  while (!left.empty()) {
    ssize_t n = ::write(fd.get(), left.data(), left.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error("cannot write", path, errno);
    left.remove_prefix(static_cast<std::size_t>(n));
  }
  if (::fsync(fd.get()) != 0) return errno_error("cannot flush", path, errno);
  return {};
}

Result<void> mark_as_standby(const std::string& data_dir) {
  if (data_major_version(data_dir) < 120000) return {};
  return write_file_atomic(join_path(data_dir, "standby.signal"), "", 0600);
}

Result<void> tighten_permissions(const std::string& data_dir) {
  struct stat info{};
  if (::stat(data_dir.c_str(), &info) != 0) return errno_error("cannot look at", data_dir, errno);
  if ((info.st_mode & 0027) == 0) return {};
  if (::chmod(data_dir.c_str(), 0700) != 0) return errno_error("cannot change the mode of", data_dir, errno);
  return {};
}

std::string wal_directory(const std::string& data_dir) {
  std::string old = join_path(data_dir, "pg_xlog");
  return path_exists(old) ? old : join_path(data_dir, "pg_wal");
}

Result<void> hand_over_history_files(const std::string& data_dir) {
  const std::string wal = wal_directory(data_dir);
  std::error_code ec;
  fs::directory_iterator entries(wal, ec);
  if (ec) return io_error("cannot look into", wal, ec);
  for (; entries != fs::directory_iterator(); entries.increment(ec)) {
    if (ec) return io_error("cannot look into", wal, ec);
    const std::string name = entries->path().filename();
    if (!is_history_file(name)) continue;
    const std::string status = join_path(join_path(wal, "archive_status"), name);
    if (path_exists(status + ".ready") || path_exists(status + ".done")) continue;
    if (auto written = write_file_atomic(status + ".ready", "", 0600); !written) return written;
  }
  return {};
}

int data_major_version(const std::string& data_dir) {
  auto text = read_file(join_path(data_dir, "PG_VERSION"), 64);
  if (!text) return 0;
  while (!text->empty() && (text->back() == '\n' || text->back() == ' ')) text->pop_back();
  return parse_pg_version(*text);
}

bool is_wal_segment(const std::string& name) {
  return name.size() == 24 && name.find_first_not_of("0123456789ABCDEF") == std::string::npos;
}

namespace {

struct WalSegment {
  Timeline timeline;
  Lsn begin;
  std::uint64_t size = 0;
};

Result<std::vector<WalSegment>> wal_segments(const std::string& data_dir) {
  const std::string wal = wal_directory(data_dir);
  std::error_code ec;
  fs::directory_iterator entries(wal, ec);
  if (ec) return io_error("cannot look into", wal, ec);
  std::vector<WalSegment> segments;
  for (; entries != fs::directory_iterator(); entries.increment(ec)) {
    if (ec) return io_error("cannot look into", wal, ec);
    const std::string name = entries->path().filename();
    if (!is_wal_segment(name)) continue;
    // A segment's size is the cluster's; a file that vanishes meanwhile was an old one.
    const auto size = entries->file_size(ec);
    if (ec) continue;
    segments.push_back(
        {Timeline{static_cast<std::uint32_t>(std::stoul(name.substr(0, 8), nullptr, 16))},
         Lsn{(std::stoull(name.substr(8, 8), nullptr, 16) << 32) + std::stoull(name.substr(16), nullptr, 16) * size},
         size});
  }
  return segments;
}

}  // namespace

Result<Lsn> oldest_wal(const std::string& data_dir) {
  auto segments = wal_segments(data_dir);
  if (!segments) return segments.error();
  Lsn oldest;
  for (const WalSegment& segment : *segments) {
    if (!oldest.known() || segment.begin < oldest) oldest = segment.begin;
  }
  return oldest;
}

Result<Timeline> wal_timeline(const std::string& data_dir, Lsn at) {
  auto segments = wal_segments(data_dir);
  if (!segments) return segments.error();
  Timeline newest;
  for (const WalSegment& segment : *segments) {
    const bool holds = segment.begin < at && at.bytes - segment.begin.bytes <= segment.size;
    if (holds) newest = std::max(newest, segment.timeline);
  }
  return newest;
}

}  // namespace tamada
