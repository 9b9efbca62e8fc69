// remove (cli.md 5.14): the one command that destroys; three questions, no --force.
#include <fmt/format.h>

#include "ctl/cluster_table.h"
#include "ctl/commands.h"

namespace tamada::ctl {

namespace {

constexpr std::string_view kAware = "Yes I am aware";

Result<void> expect(CommandContext& context, const std::string& question, std::string_view wanted,
                    const std::string& refusal) {
  const auto answer = ask(context.console, question);
  if (!answer) return answer.error();
  return *answer == wanted ? Result<void>() : Result<void>(Error(ErrorCode::Invalid, refusal));
}

}  // namespace

Result<void> run_remove(CommandContext& context, const Arguments& arguments) {
  ClusterAccess cluster(context, arguments.words.front());
  const auto view = cluster.load();
  if (!view) return view.error();
  ListOptions options;
  options.format = parse_output_format(arguments.value("format").value_or("pretty"));
  context.console.out(format_members(cluster.name(), *view, options, context.level()));

  auto agreed = expect(context, "Please confirm the cluster name to remove", cluster.name(),
                       "Cluster names specified do not match");
  if (!agreed) return agreed;
  agreed = expect(
      context,
      fmt::format("You are about to remove all information in DCS for {}, please type: \"{}\"", cluster.name(), kAware),
      kAware, fmt::format("You did not exactly type \"{}\"", kAware));
  if (!agreed) return agreed;
  if (view->leader) {
    const std::string_view word = context.level() == Compatibility::V1_5 ? "master" : "leader";
    agreed =
        expect(context, fmt::format("This cluster currently is healthy. Please specify the {} name to continue", word),
               view->leader->name(), fmt::format("You did not specify the current {} of the cluster", word));
    if (!agreed) return agreed;
  }
  return cluster.remove();
}

}  // namespace tamada::ctl
