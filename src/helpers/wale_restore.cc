#include "helpers/wale_restore.h"

#include <getopt.h>

#include <charconv>
#include <filesystem>
#include <limits>

#include <fmt/format.h>

#include "base/text.h"
#include "base/units.h"
#include "helpers/source_position.h"
#include "host/child_process.h"
#include "postgres/data_files.h"

namespace tamada {

namespace {

namespace fs = std::filesystem;

constexpr Duration kPause = 1s;
constexpr Duration kListPatience = 3600s;
constexpr Duration kFetchPatience = 30 * 24h;  // as long as the data takes; who started us can end us
constexpr std::int64_t kMegabyte = 1 << 20;

// As the names stand in users' files; both spellings of each.
constexpr option kOptions[] = {{"scope", required_argument, nullptr, 's'},
                               {"role", required_argument, nullptr, 'r'},
                               {"datadir", required_argument, nullptr, 'd'},
                               {"connstring", required_argument, nullptr, 'c'},
                               {"retries", required_argument, nullptr, 'n'},
                               {"envdir", required_argument, nullptr, 'e'},
                               {"threshold_megabytes", required_argument, nullptr, 'm'},
                               {"threshold_backup_size_percentage", required_argument, nullptr, 'p'},
                               {"use_iam", required_argument, nullptr, 'i'},
                               {"no_master", required_argument, nullptr, 'l'},
                               {"no_leader", required_argument, nullptr, 'l'},
                               {nullptr, 0, nullptr, 0}};

template <class N>
bool take_number(std::string_view text, N& out) {
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
  return !text.empty() && ec == std::errc() && end == text.data() + text.size() && out >= 0;
}

bool take_flag(const std::string& text, bool& out) {
  const auto parsed = parse_boolean(text);
  if (parsed) out = *parsed;
  return parsed.has_value();
}

bool take(WaleOptions& options, int key, const std::string& value) {
  switch (key) {
    case 's':
      options.scope = value;
      return true;
    case 'r':
      options.role = value;
      return true;
    case 'd':
      options.datadir = value;
      return true;
    case 'c':
      options.connstring = value;
      return true;
    case 'e':
      options.envdir = value;
      return true;
    case 'n':
      return take_number(value, options.retries);
    case 'm':
      return take_number(value, options.threshold_megabytes);
    case 'p':
      return take_number(value, options.threshold_backup_size_percentage);
    case 'i':
      return take_flag(value, options.use_iam);
    case 'l':
      return take_flag(value, options.no_leader);
    default:
      return true;
  }
}

std::vector<std::string> wale_command(const WaleOptions& options, std::vector<std::string> rest) {
  std::vector<std::string> command = {"envdir", options.envdir, "wal-e"};
  if (options.use_iam) command.emplace_back("--aws-instance-profile");
  command.insert(command.end(), rest.begin(), rest.end());
  return command;
}

Result<ChildExit> run_wale(HelperWorld& world, std::vector<std::string> argv, ChildOutput out, Duration patience) {
  ChildSpec spec;
  spec.argv = std::move(argv);
  spec.environment = own_environment();
  spec.out = out;
  spec.err = ChildOutput::Inherit;
  return world.run(run_child(world.clock(), std::move(spec), world.clock().now() + patience));
}

// How far the source is beyond the backup's beginning. Unavailable: it did not answer, however often it was asked.
Result<std::int64_t> bytes_behind(HelperWorld& world, const WaleOptions& options, const WaleBackup& backup) {
  if (options.connstring.empty()) return std::int64_t{0};
  for (int attempt = 0;; ++attempt) {
    const auto source = ask_source_position(options.connstring);
    if (source) {
      const auto start = wale_start(backup, source->segment_bytes);
      if (!start) return start.error();
      return static_cast<std::int64_t>(source->position.bytes - start->bytes);
    }
    world.log().error("could not determine difference with the source location: {}", source.error().text());
    if (attempt >= options.retries) return source.error();
    world.sleep_for(kPause);
  }
}

// nullopt = try again later.
std::optional<bool> should_restore(HelperWorld& world, const WaleOptions& options) {
  const auto listed = run_wale(world, wale_command(options, {"backup-list", "--detail", "LATEST"}),
                               ChildOutput::Capture, kListPatience);
  if (const auto done = require_success(listed, "wal-e backup-list"); !done) {
    world.log().error("could not query wal-e latest backup: {}", done.error().text());
    return std::nullopt;
  }
  const auto backup = parse_wale_backup_list(listed->out);
  if (!backup) {
    world.log().error("{}", backup.error().text());
    return false;
  }
  const auto behind = bytes_behind(world, options, *backup);
  if (!behind && behind.error().code == ErrorCode::Unavailable && options.no_leader) {
    world.log().info("continue with base backup from S3 since the source is not available");
    return true;
  }
  if (!behind) {
    world.log().error("{}", behind.error().text());
    return false;
  }
  const bool worth = wale_worth_it(options, *backup, *behind);
  world.log().info("backup {} of {}, {} bytes: {} bytes of WAL since, thresholds {} MB and {} %: {}", backup->name,
                   backup->last_modified, backup->expanded_size_bytes, *behind, options.threshold_megabytes,
                   options.threshold_backup_size_percentage, worth ? "it is used" : "it is not used");
  return worth;
}

// A backup of a server whose WAL was elsewhere brings its link along.
Result<void> mend_wal_directory(const std::string& datadir) {
  std::error_code ec;
  for (const char* name : {"pg_wal", "pg_xlog"}) {
    const fs::path link = fs::path(datadir) / name;
    if (!fs::is_symlink(fs::symlink_status(link, ec)) || fs::exists(link, ec)) continue;
    fs::remove(link, ec);
    if (!ec) fs::create_directory(link, ec);
    if (!ec) fs::permissions(link, fs::perms::owner_all, ec);
    if (ec)
      return Error(ErrorCode::Io,
                   fmt::format("{} could not be replaced by a directory: {}", link.string(), ec.message()));
  }
  return {};
}

int fetch(HelperWorld& world, const WaleOptions& options) {
  const auto fetched = run_wale(world, wale_command(options, {"backup-fetch", options.datadir, "LATEST"}),
                                ChildOutput::Inherit, kFetchPatience);
  if (!fetched) {
    world.log().error("error when fetching backup: {}", fetched.error().text());
    return kWalePermanent;
  }
  if (!fetched->ok()) {
    world.log().error("wal-e backup-fetch failed with {}", fetched->how());
    return fetched->code == kWaleTemporary ? kWaleTemporary : kWalePermanent;
  }
  if (const auto mended = mend_wal_directory(options.datadir); !mended) {
    world.log().error("{}", mended.error().text());
    return kWalePermanent;
  }
  return kWaleRestored;
}

int restore_once(HelperWorld& world, const WaleOptions& options) {
  const auto should = should_restore(world, options);
  if (!should) return kWaleTemporary;
  return *should ? fetch(world, options) : kWalePermanent;
}

}  // namespace

Result<WaleOptions> parse_wale_options(const std::vector<std::string>& words) {
  std::vector<std::string> owned = words;
  std::vector<char*> argv{const_cast<char*>("tamada-wale-restore")};
  for (auto& word : owned) argv.push_back(word.data());
  argv.push_back(nullptr);
  WaleOptions options;
  bool connstring = false;
  ::optind = 0;
  ::opterr = 0;
  for (;;) {
    int index = -1;
    const int key = ::getopt_long(static_cast<int>(argv.size()) - 1, argv.data(), "", kOptions, &index);
    if (key == -1) break;
    if (index < 0) continue;  // not one of ours
    connstring |= key == 'c';
    if (!take(options, key, ::optarg)) {
      return Error(ErrorCode::Invalid,
                   fmt::format("argument --{}: invalid value: '{}'", kOptions[index].name, ::optarg));
    }
  }
  std::vector<std::string> missing;
  if (options.scope.empty()) missing.emplace_back("--scope");
  if (options.datadir.empty()) missing.emplace_back("--datadir");
  if (!connstring) missing.emplace_back("--connstring");
  if (options.envdir.empty()) missing.emplace_back("--envdir");
  if (!missing.empty()) {
    return Error(ErrorCode::Invalid, "the following arguments are required: " + join(missing, ", "));
  }
  return options;
}

bool wale_worth_it(const WaleOptions& options, const WaleBackup& backup, std::int64_t behind) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  const std::int64_t megabytes = options.threshold_megabytes;
  const std::int64_t limit = megabytes > kMost / kMegabyte ? kMost : megabytes * kMegabyte;
  const double share = static_cast<double>(backup.expanded_size_bytes) *
                       static_cast<double>(options.threshold_backup_size_percentage) / 100.0;
  return behind < limit && static_cast<double>(behind) < share;
}

int restore_from_wale(HelperWorld& world, const WaleOptions& options) {
  std::error_code ec;
  if (!fs::is_directory(options.envdir, ec)) {
    world.log().error("the directory of WAL-E's environment does not exist: {}", options.envdir);
    return kWalePermanent;
  }
  for (int attempt = 0;; ++attempt) {
    const int code = restore_once(world, options);
    if (code != kWaleTemporary || attempt >= options.retries) return code;
    world.sleep_for(kPause);
  }
}

}  // namespace tamada
