// list, topology, history, dsn: what is read from the store and shown.
#include <charconv>

#include <fmt/format.h>

#include "ctl/cluster_table.h"
#include "ctl/commands.h"
#include "ctl/member_selection.h"

namespace tamada::ctl {

namespace {

constexpr std::string_view kClearScreen = "\x1b[2J\x1b[1;1H";
constexpr Duration kDefaultWatch = std::chrono::seconds(2);

// --watch wins over -W; nullopt: once.
std::optional<Duration> watch_interval(const Arguments& arguments) {
  if (const auto text = arguments.value("watch")) {
    double seconds = 0;
    std::from_chars(text->data(), text->data() + text->size(), seconds);
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  }
  if (arguments.has("W")) return kDefaultWatch;
  return std::nullopt;
}

Result<void> show_once(CommandContext& context, std::vector<std::unique_ptr<ClusterAccess>>& clusters,
                       const ListOptions& options, bool with_time) {
  if (with_time) context.console.out(local_time_text(context.clock.wall_now(), false) + "\n");
  for (const auto& cluster : clusters) {
    const auto view = cluster->load();
    if (!view) return view.error();
    context.console.out(format_members(cluster->name(), *view, options, context.level()));
  }
  return {};
}

Result<void> show_members(CommandContext& context, const Arguments& arguments, const ListOptions& options) {
  std::vector<std::string> names = arguments.words;
  if (names.empty() && !context.settings.scope.empty()) names.push_back(context.settings.scope);
  if (names.empty()) {
    context.log.warning("Listing members: No cluster names were provided");
    return {};
  }
  std::vector<std::unique_ptr<ClusterAccess>> clusters;
  for (const std::string& name : names) clusters.push_back(std::make_unique<ClusterAccess>(context, name));
  const auto interval = watch_interval(arguments);
  for (;;) {
    const Instant started = context.clock.now();
    if (interval && context.console.out_is_terminal()) context.console.out(kClearScreen);
    if (const auto shown = show_once(context, clusters, options, arguments.has("timestamp")); !shown) return shown;
    if (!interval) return {};
    context.loop.run(context.clock.sleep_until(started + *interval));
  }
}

Result<Member> member_for_dsn(const ClusterView& view, const Arguments& arguments) {
  const auto name = arguments.value("member");
  const auto role = parse_role_choice(arguments.value("role").value_or(name ? "any" : "leader"));
  for (const Member& member : members_of_role(view, role.value_or(RoleChoice::Any))) {
    if (!name || member.name == *name) return member;
  }
  return Error(ErrorCode::NotFound, "Can not find a suitable member");
}

}  // namespace

Result<void> run_list(CommandContext& context, const Arguments& arguments) {
  ListOptions options;
  options.format = parse_output_format(arguments.value("format").value_or("pretty"));
  options.extended = arguments.has("extended");
  return show_members(context, arguments, options);
}

Result<void> run_topology(CommandContext& context, const Arguments& arguments) {
  ListOptions options;
  options.tree = true;
  return show_members(context, arguments, options);
}

Result<void> run_history(CommandContext& context, const Arguments& arguments) {
  const auto name = cluster_or_default(context, arguments.words);
  if (!name) return name.error();
  ClusterAccess cluster(context, *name);
  const auto view = cluster.load();
  if (!view) return view.error();
  const OutputFormat format = parse_output_format(arguments.value("format").value_or("pretty"));
  context.console.out(format_history_table(*view, format, context.level()));
  return {};
}

Result<void> run_dsn(CommandContext& context, const Arguments& arguments) {
  if (arguments.has("role") && arguments.has("member")) {
    return Error(ErrorCode::Invalid, "--role and --member are mutually exclusive options");
  }
  const auto name = cluster_or_default(context, arguments.words);
  if (!name) return name.error();
  ClusterAccess cluster(context, *name);
  const auto view = cluster.load();
  if (!view) return view.error();
  const auto member = member_for_dsn(*view, arguments);
  if (!member) return member.error();
  context.console.out(fmt::format("host={} port={}\n", member->host(), member->port()));
  return {};
}

}  // namespace tamada::ctl
