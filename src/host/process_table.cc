#include "host/process_table.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <memory>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "host/files.h"

extern "C" {
#include <sys/pidfd.h>
}

namespace tamada {

namespace {

std::optional<int> parse_pid(const char* name) {
  int pid = 0;
  const char* end = name + std::char_traits<char>::length(name);
  auto [stop, error] = std::from_chars(name, end, pid);
  if (error != std::errc() || stop != end || pid <= 0) return std::nullopt;
  return pid;
}

std::vector<int> all_pids() {
  std::vector<int> pids;
  std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir("/proc"), &::closedir);
  if (!directory) return pids;
  while (const dirent* entry = ::readdir(directory.get()))
    if (auto pid = parse_pid(entry->d_name)) pids.push_back(*pid);
  return pids;
}

std::set<int> own_ancestors() {
  std::set<int> found{::getpid()};
  for (auto process = read_process(::getppid()); process && found.insert(process->pid).second;) {
    if (process->parent <= 0) break;
    process = read_process(process->parent);
  }
  return found;
}

bool works_in(int pid, DirectoryId directory) {
  struct stat info;
  if (::stat(fmt::format("/proc/{}/cwd", pid).c_str(), &info) != 0) return false;
  return info.st_dev == directory.device && info.st_ino == directory.inode;
}

bool belongs_to_us(int pid) {
  struct stat info;
  return ::stat(fmt::format("/proc/{}", pid).c_str(), &info) == 0 && info.st_uid == ::geteuid();
}

bool environment_has(int pid, const std::string& variable) {
  auto text = read_file(fmt::format("/proc/{}/environ", pid), 4 * 1024 * 1024);
  if (!text) return false;
  return ('\0' + *text + '\0').find('\0' + variable + '\0') != std::string::npos;
}

std::string executable_name(int pid) {
  char buffer[4096];
  ssize_t n = ::readlink(fmt::format("/proc/{}/exe", pid).c_str(), buffer, sizeof buffer);
  if (n <= 0) return {};
  std::string path(buffer, static_cast<std::size_t>(n));
  // A package upgrade replaced the file under the running program.
  constexpr std::string_view kDeleted = " (deleted)";
  if (path.ends_with(kDeleted)) path.resize(path.size() - kDeleted.size());
  return path.substr(path.rfind('/') + 1);
}

}  // namespace

std::optional<ProcessInfo> parse_proc_stat(const std::string& text) {
  const auto open = text.find('(');
  const auto close = text.rfind(')');
  if (open == std::string::npos || close == std::string::npos || close < open) return std::nullopt;
  ProcessInfo info;
  std::istringstream head(text.substr(0, open));
  if (!(head >> info.pid)) return std::nullopt;
  info.name = text.substr(open + 1, close - open - 1);
  std::istringstream rest(text.substr(close + 1));
  int group = 0;
  rest >> info.state >> info.parent >> group >> info.session >> info.terminal;
  // Fields 8 (foreground group of the terminal) to 21 (itrealvalue) stand before the start time, field 22.
  std::string skipped;
  for (int field = 8; field <= 21; ++field) rest >> skipped;
  rest >> info.start_ticks;
  if (!rest) return std::nullopt;
  return info;
}

std::optional<ProcessInfo> read_process(int pid) {
  auto text = read_file(fmt::format("/proc/{}/stat", pid), 65536);
  if (!text) return std::nullopt;
  return parse_proc_stat(*text);
}

std::vector<ProcessInfo> all_processes() {
  std::vector<ProcessInfo> found;
  for (int pid : all_pids())
    if (auto process = read_process(pid)) found.push_back(std::move(*process));
  return found;
}

std::string process_title(int pid) {
  auto text = read_file(fmt::format("/proc/{}/cmdline", pid), 1024 * 1024);
  if (!text) return {};
  for (char& c : *text)
    if (c == 0) c = ' ';
  while (!text->empty() && text->back() == ' ') text->pop_back();
  return std::move(*text);
}

bool kill_pending(int pid) {
  auto text = read_file(fmt::format("/proc/{}/status", pid), 65536);
  if (!text) return true;  // gone is at least as good
  constexpr std::uint64_t kBit = 1ULL << (SIGKILL - 1);
  for (const char* key : {"\nSigPnd:", "\nShdPnd:"}) {
    auto at = text->find(key);
    if (at == std::string::npos) continue;
    if (std::strtoull(text->c_str() + at + 8, nullptr, 16) & kBit) return true;
  }
  return false;
}

std::optional<double> creation_time(const ProcessInfo& process) {
  auto text = read_file("/proc/stat", 4 * 1024 * 1024);
  if (!text) return std::nullopt;
  auto at = text->find("\nbtime ");
  if (at == std::string::npos) return std::nullopt;
  const double booted = std::strtod(text->c_str() + at + 7, nullptr);
  return booted + static_cast<double>(process.start_ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

Result<DirectoryId> directory_id(const std::string& path) {
  struct stat info;
  if (::stat(path.c_str(), &info) != 0) return errno_error("cannot look at", path, errno);
  if (!S_ISDIR(info.st_mode)) return Error(ErrorCode::Invalid, path + " is not a directory");
  return DirectoryId{info.st_dev, info.st_ino};
}

std::vector<ProcessInfo> processes_in(DirectoryId directory, const std::string& program) {
  std::vector<ProcessInfo> found;
  const std::set<int> ourselves = own_ancestors();
  for (int pid : all_pids()) {
    if (ourselves.contains(pid) || !belongs_to_us(pid) || !works_in(pid, directory)) continue;
    auto process = read_process(pid);
    if (!process || process->dead() || kill_pending(pid)) continue;
    if (process->terminal != 0 && executable_name(pid) != program) continue;
    found.push_back(std::move(*process));
  }
  return found;
}

std::vector<ProcessInfo> processes_with(const std::string& variable) {
  std::vector<ProcessInfo> found;
  const std::set<int> ourselves = own_ancestors();
  for (int pid : all_pids()) {
    if (ourselves.contains(pid) || !belongs_to_us(pid) || !environment_has(pid, variable)) continue;
    auto process = read_process(pid);
    if (process && !process->dead()) found.push_back(std::move(*process));
  }
  return found;
}

UniqueFd open_process(int pid, std::int64_t start_ticks) {
  UniqueFd fd(::pidfd_open(pid, 0));
  if (!fd) return fd;
  // The pidfd pins the process; only now can its identity be checked without a race.
  auto now = read_process(pid);
  if (!now || now->start_ticks != start_ticks) fd.reset();
  return fd;
}

UniqueFd open_process(const ProcessInfo& process) {
  return open_process(process.pid, process.start_ticks);
}

bool signal_process(const UniqueFd& process, int signal) {
  return process && ::pidfd_send_signal(process.get(), signal, nullptr, 0) == 0;
}

bool process_ended(const UniqueFd& process) {
  if (!process) return true;
  pollfd poll{process.get(), POLLIN, 0};
  return ::poll(&poll, 1, 0) == 1;
}

int kill_tree(int pid) {
  // Stopped first, so that no new descendant appears unseen; then repeated until a round finds nobody new.
  std::set<int> tree{pid};
  std::vector<UniqueFd> pinned;
  std::set<int> stopped;
  for (bool grew = true; grew;) {
    grew = false;
    for (const ProcessInfo& process : all_processes()) {
      if (process.dead() || (!tree.contains(process.pid) && !tree.contains(process.parent))) continue;
      if (!stopped.insert(process.pid).second) continue;
      UniqueFd fd = open_process(process);
      if (!signal_process(fd, SIGSTOP)) continue;
      tree.insert(process.pid);
      pinned.push_back(std::move(fd));
      grew = true;
    }
  }
  int killed = 0;
  for (const UniqueFd& fd : pinned)
    if (signal_process(fd, SIGKILL)) ++killed;
  return killed;
}

}  // namespace tamada
