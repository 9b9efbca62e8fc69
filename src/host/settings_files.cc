#include "host/settings_files.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "base/text.h"
#include "host/files.h"
#include "model/patch.h"
#include "model/settings_reload.h"

extern char** environ;

namespace tamada {

namespace {

enum class PathKind { Missing, File, Directory, Other };

Result<PathKind> kind_of(const std::string& path) {
  struct stat info{};
  if (stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return PathKind::Missing;
    return errno_error("cannot look at", path, errno);
  }
  if (S_ISREG(info.st_mode)) return PathKind::File;
  return S_ISDIR(info.st_mode) ? PathKind::Directory : PathKind::Other;
}

Result<std::vector<std::string>> config_files_in(const std::string& directory) {
  DIR* dir = opendir(directory.c_str());
  if (dir == nullptr) return errno_error("cannot read directory", directory, errno);
  std::vector<std::string> out;
  while (const dirent* entry = readdir(dir)) {
    const std::string path = join_path(directory, entry->d_name);
    struct stat info{};
    const bool regular = stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
    if (regular && is_config_file_name(entry->d_name)) out.push_back(path);
  }
  closedir(dir);
  std::sort(out.begin(), out.end());
  return out;
}

Result<void> read_into(const std::string& path, LocalSources& out) {
  auto text = read_file(path);
  if (!text) return text.error();
  out.files.push_back({path, std::move(*text)});
  return {};
}

}  // namespace

SettingsVariables take_settings_variables() {
  SettingsVariables out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view line(*entry);
    const std::size_t equals = line.find('=');
    if (equals != line.npos && is_settings_variable(line.substr(0, equals))) {
      out.emplace(line.substr(0, equals), line.substr(equals + 1));
    }
  }
  for (const auto& [name, value] : out) unsetenv(name.c_str());
  return out;
}

Result<LocalSources> read_local_sources(const std::optional<std::string>& path, const SettingsVariables& variables) {
  LocalSources out;
  out.environment = variables;
  if (!path) return out;
  const auto kind = kind_of(*path);
  if (!kind) return kind.error();
  if (*kind == PathKind::Missing) return out;
  if (*kind == PathKind::Other) {
    return Error(ErrorCode::Invalid, "config path " + *path + " is neither directory nor file");
  }
  out.from_path = true;
  if (*kind == PathKind::File) {
    if (auto read = read_into(*path, out); !read) return read.error();
    return out;
  }
  auto files = config_files_in(*path);
  if (!files) return files.error();
  for (const std::string& file : *files) {
    if (auto read = read_into(file, out); !read) return read.error();
  }
  return out;
}

Result<std::unique_ptr<FileSettingsSource>> FileSettingsSource::open(Options options, Logger log, bool for_daemon) {
  auto sources = read_local_sources(options.path, options.variables);
  if (!sources) return sources.error();
  auto local = load_local_document(*sources);
  if (!local) return local.error();
  std::unique_ptr<FileSettingsSource> out(new FileSettingsSource(std::move(options), std::move(log), for_daemon));
  out->from_path_ = sources->from_path;
  if (auto taken = out->take_local(std::move(*local)); !taken) return taken.error();
  return out;
}

BuildInput FileSettingsSource::input_of(const LocalDocument& local, const std::optional<json::object>& dynamic) const {
  BuildInput input;
  input.local = local.document;
  input.local_origins = local.origins;
  input.peer_minima = peer_minima_;
  input.previous = current_.get();
  if (dynamic) {
    input.dynamic = *dynamic;
  } else if (const json::value* bootstrap = local.document.if_contains("bootstrap");
             bootstrap != nullptr && bootstrap->is_object()) {
    const json::value* dcs = bootstrap->get_object().if_contains("dcs");
    if (dcs != nullptr && dcs->is_object()) input.dynamic = dcs->get_object();
    input.dynamic_source = "bootstrap.dcs";
  }
  return input;
}

SettingsInputs FileSettingsSource::inputs() const {
  return {input_of(local_, dynamic_), local_.layers};
}

Result<BuiltSettings> FileSettingsSource::build(const LocalDocument& local,
                                                const std::optional<json::object>& dynamic) const {
  auto built = build_settings(input_of(local, dynamic));
  if (!built) return built.error();
  if (for_daemon_) {
    if (auto complete = check_daemon_settings(built->settings); !complete) return complete.error();
  }
  built->warnings.insert(built->warnings.begin(), local.warnings.begin(), local.warnings.end());
  return built;
}

Result<void> FileSettingsSource::take_local(LocalDocument local) {
  auto built = build(local, dynamic_);
  if (!built) return built.error();
  local_ = std::move(local);
  put_into_force(std::move(*built), current_ == nullptr ? Kept::Nothing : Kept::UntilRestart);
  return {};
}

void FileSettingsSource::put_into_force(BuiltSettings built, Kept kept) {
  if (kept == Kept::UntilRestart) {
    waiting_ = keep_until_restart(*current_, built.settings);
    if (!waiting_.empty()) {
      built.warnings.push_back("changed in the local configuration, waiting for a restart of the daemon: " +
                               join(waiting_, ", "));
    }
  }
  log_new_warnings(built.warnings);
  origins_ = std::move(built.origins);
  current_ = std::make_shared<const Settings>(std::move(built.settings));
}

void FileSettingsSource::log_new_warnings(const std::vector<std::string>& warnings) {
  for (const std::string& text : warnings) {
    if (std::find(warnings_.begin(), warnings_.end(), text) == warnings_.end()) log_.warning("{}", text);
  }
  warnings_ = warnings;
}

Task<Result<std::shared_ptr<const Settings>>> FileSettingsSource::reload_local() {
  if (!from_path_) {
    log_.info("No local configuration items changed: the configuration came from the environment");
    co_return current_;
  }
  Result<LocalSources> sources = Error(ErrorCode::Cancelled, "not read");
  if (options_.pool != nullptr && options_.clock != nullptr) {
    auto read = [path = options_.path, variables = options_.variables] { return read_local_sources(path, variables); };
    sources = co_await options_.pool->run("reading the configuration", read, options_.clock->now() + kReadLimit);
  } else {
    sources = read_local_sources(options_.path, options_.variables);
  }
  const std::string failure = "Exception when reloading local configuration from " + options_.path.value_or("");
  if (sources && !sources->from_path) sources = Error(ErrorCode::NotFound, "the configuration is no longer there");
  if (!sources) co_return sources.error().wrap(failure);
  auto local = load_local_document(*sources);
  if (!local) co_return local.error().wrap(failure);
  if (deep_equal(local->document, local_.document)) log_.info("No local configuration items changed.");
  if (auto taken = take_local(std::move(*local)); !taken) co_return taken.error().wrap(failure);
  co_return current_;
}

Result<std::shared_ptr<const Settings>> FileSettingsSource::apply_dynamic(const json::object& document) {
  auto built = build(local_, document);
  if (!built) return built.error();
  // The first dynamic document belongs to the start: nothing has been used yet.
  const Kept kept = dynamic_ ? Kept::UntilRestart : Kept::Nothing;
  dynamic_ = document;
  put_into_force(std::move(*built), kept);
  return current_;
}

}  // namespace tamada
