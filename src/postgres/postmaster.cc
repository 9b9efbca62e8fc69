#include "postgres/postmaster.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <thread>

#include "base/text.h"
#include "host/files.h"

namespace tamada {

namespace {

// How far line 3 of the pid file may be from the creation of the process; only used when its working directory cannot
// be read.
constexpr double kStartTolerance = 3.0;

std::int64_t number_of(std::string_view text) {
  std::int64_t value = 0;
  text = trim(text);
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

const ProcessInfo* find(const std::vector<ProcessInfo>& processes, int pid) {
  for (const ProcessInfo& process : processes)
    if (process.pid == pid) return &process;
  return nullptr;
}

bool alive(const PostmasterId& id) {
  auto process = read_process(id.pid);
  return process && !process->dead() && process->start_ticks == id.start_ticks && !kill_pending(id.pid);
}

bool directory_readable(int pid) {
  char buffer[2];
  return ::readlink(("/proc/" + std::to_string(pid) + "/cwd").c_str(), buffer, sizeof buffer) >= 0;
}

bool started_when_the_file_says(const PidFile& file, const ProcessInfo& process) {
  if (file.start_time == 0) return false;
  auto created = creation_time(process);
  return created && std::abs(*created - static_cast<double>(file.start_time)) <= kStartTolerance;
}

void judge_pid_file(const PidFile& file, PostmasterLook& look) {
  if (const ProcessInfo* worker = find(look.workers, file.pid)) {
    if (file.single_user) {
      look.state = ProcessState::SingleUser;
    } else {
      look.state = ProcessState::Running;
    }
    look.postmaster = PostmasterId{worker->pid, worker->start_ticks};
    return;
  }
  auto process = read_process(file.pid);
  if (!process || process->dead() || kill_pending(file.pid)) return;
  if (!directory_readable(file.pid) && started_when_the_file_says(file, *process)) {
    look.state = file.single_user ? ProcessState::SingleUser : ProcessState::Running;
    look.postmaster = PostmasterId{process->pid, process->start_ticks};
    return;
  }
  look.stale_pid = file.pid;
}

}  // namespace

std::optional<PidFile> parse_pid_file(std::string_view text) {
  const std::vector<std::string> lines = split(text, '\n');
  PidFile file;
  const std::int64_t pid = lines.empty() ? 0 : number_of(lines[0]);
  if (pid == 0 || pid > INT32_MAX || pid < -INT32_MAX) return std::nullopt;
  file.single_user = pid < 0;
  file.pid = static_cast<int>(pid < 0 ? -pid : pid);
  if (lines.size() > 1) file.data_dir = lines[1];
  if (lines.size() > 2) file.start_time = number_of(lines[2]);
  if (lines.size() > 3) file.port = static_cast<int>(number_of(lines[3]));
  if (lines.size() > 4) file.socket_dir = lines[4];
  if (lines.size() > 5) file.listen_address = lines[5];
  return file;
}

bool only_what_ends_by_itself(const std::vector<ProcessInfo>& workers) {
  for (const ProcessInfo& worker : workers) {
    const std::string title = process_title(worker.pid);
    // It has given up its memory already, or is gone.
    if (title.empty()) continue;
    // "postgres: logger", with the cluster's name in between when there is one; "logger process" before 10.
    if (title.find(": ") == std::string::npos) return false;
    if (!title.ends_with(" logger") && !title.ends_with(" logger process")) return false;
  }
  return !workers.empty();
}

PostmasterLook look_for_postmaster(const PostmasterQuestion& question) {
  PostmasterLook look;
  const bool from_memory = question.without_storage && question.known_directory;
  auto directory = from_memory ? Result<DirectoryId>(*question.known_directory) : directory_id(question.data_dir);
  if (directory)
    look.directory = *directory;
  else
    look.directory = question.known_directory;
  if (!directory && directory.error().code != ErrorCode::NotFound && !question.known_directory) return look;

  const bool answered = question.only_orphans && question.known_postmaster && alive(*question.known_postmaster);
  if (look.directory && !answered) look.workers = processes_in(*look.directory, question.program);
  look.state = look.workers.empty() ? ProcessState::NotRunning : ProcessState::Orphans;
  if (answered || (question.known_postmaster && alive(*question.known_postmaster))) {
    look.state = ProcessState::Running;
    look.postmaster = question.known_postmaster;
    return look;
  }
  if (from_memory) return look;
  auto text = read_file_if_exists(join_path(question.data_dir, "postmaster.pid"), 65536);
  if (!text) {
    // Processes decide; but a pid file that cannot be read may name a postmaster whose directory we cannot see.
    if (look.state == ProcessState::NotRunning) look.state = ProcessState::Unknown;
    return look;
  }
  if (*text)
    if (auto file = parse_pid_file(**text)) judge_pid_file(*file, look);
  return look;
}

bool kill_everything_in(DirectoryId directory, const std::string& program, const std::function<bool()>& still_wanted) {
  for (int round = 0; round < kKillRounds; ++round) {
    const std::vector<ProcessInfo> processes = processes_in(directory, program);
    if (processes.empty()) return true;
    if (!still_wanted()) return false;
    std::vector<UniqueFd> pinned;
    // Stopped first: what is stopped starts no more children and answers no client.
    for (const ProcessInfo& process : processes) {
      UniqueFd fd = open_process(process);
      if (signal_process(fd, SIGSTOP)) pinned.push_back(std::move(fd));
    }
    for (const UniqueFd& fd : pinned) signal_process(fd, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return processes_in(directory, program).empty();
}

}  // namespace tamada
