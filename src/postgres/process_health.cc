#include "postgres/process_health.h"

#include <algorithm>
#include <array>
#include <sstream>

#include <fmt/format.h>

#include "host/files.h"
#include "host/process_table.h"

namespace tamada {

namespace {

struct Part {
  std::string_view title;
  std::string_view name;
  bool more_follows = false;  // the title goes on with what it does
};
// Titles of PostgreSQL 9.3 to 18; those before 11 end in "process".
constexpr std::array kParts{
    Part{"checkpointer", "checkpointer"},
    Part{"checkpointer process", "checkpointer"},
    Part{"background writer", "background writer"},
    Part{"writer process", "background writer"},
    Part{"walwriter", "WAL writer"},
    Part{"wal writer process", "WAL writer"},
    Part{"startup", "startup process", true},
    Part{"walreceiver", "WAL receiver", true},
    Part{"wal receiver process", "WAL receiver", true},
    Part{"io worker", "I/O worker", true},
};

bool is_stopped(const ProcessInfo& process) {
  return process.state == 'T';
}

std::string sentence(std::string_view part, int pid) {
  return fmt::format("the {} (process {}) is stopped by a signal", part, pid);
}

std::vector<ProcessInfo> children_of(int pid) {
  std::vector<ProcessInfo> children;
  auto list = read_file(fmt::format("/proc/{0}/task/{0}/children", pid), 1024 * 1024);
  if (!list) {  // a kernel without that file
    children = all_processes();
    std::erase_if(children, [pid](const ProcessInfo& process) { return process.parent != pid; });
    return children;
  }
  std::istringstream pids(*list);
  for (int child = 0; pids >> child;) {
    if (auto process = read_process(child)) children.push_back(std::move(*process));
  }
  return children;
}

}  // namespace

std::string_view vital_part(std::string_view title) {
  constexpr std::string_view kOwn = "postgres: ";
  if (!title.starts_with(kOwn)) return {};
  title.remove_prefix(kOwn.size());
  // With a cluster_name, which may hold colons itself.
  if (const auto name_end = title.rfind(": "); name_end != title.npos) title.remove_prefix(name_end + 2);
  while (title.ends_with(' ')) title.remove_suffix(1);
  for (const Part& part : kParts) {
    if (title == part.title) return part.name;
    if (part.more_follows && title.starts_with(part.title) && title.substr(part.title.size()).starts_with(' ')) {
      return part.name;
    }
  }
  return {};
}

std::string stopped_processes(PostmasterId postmaster) {
  const auto process = read_process(postmaster.pid);
  if (!process || process->start_ticks != postmaster.start_ticks) return "";
  if (is_stopped(*process)) return sentence("postmaster", postmaster.pid);
  for (const ProcessInfo& child : children_of(postmaster.pid)) {
    if (!is_stopped(child)) continue;
    const std::string_view part = vital_part(process_title(child.pid));
    if (!part.empty()) return sentence(part, child.pid);
  }
  return "";
}

}  // namespace tamada
