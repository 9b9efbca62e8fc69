// version and detach: single questions to members' REST API.

#include <fmt/format.h>

#include "base/version.h"
#include "ctl/commands.h"
#include "ctl/member_selection.h"
#include "ctl/rest_client.h"
#include "model/stored_json.h"

namespace tamada::ctl {

namespace {

constexpr std::chrono::seconds kAnswerTimeout{10};
constexpr std::uint64_t kFirstTwoPartVersion = 100000;

std::string postgres_version_text(std::uint64_t number) {
  if (number < kFirstTwoPartVersion) {
    return fmt::format("{}.{}.{}", number / 10000, number / 100 % 100, number % 100);
  }
  return fmt::format("{}.{}", number / 10000, number % 10000);
}

std::string version_line(const Member& member, const Result<HttpResponse>& response) {
  if (!response) return fmt::format("{}: failed to get version: {}\n", member.name, response.error().text());
  const auto status = stored::object_of(response->body);
  const auto agent = status ? stored::object_field(*status, "patroni") : std::nullopt;
  if (!agent) return fmt::format("{}: failed to get version: the answer is no status document\n", member.name);
  std::string line = fmt::format("{}: Patroni {}", member.name, stored::text_field(*agent, "version"));
  const std::uint64_t server = stored::number_field(*status, "server_version");
  return line + (server == 0 ? "\n" : fmt::format(" PostgreSQL {}\n", postgres_version_text(server)));
}

}  // namespace

Result<void> run_version(CommandContext& context, const Arguments& arguments) {
  context.console.out(fmt::format("{} version {}\n", context.program, own_version()));
  if (arguments.words.empty()) return {};
  ClusterAccess cluster(context, arguments.words.front());
  const auto view = cluster.load();
  if (!view) return view.error();
  context.console.out("\n");
  for (const Member& member : named_members(*view, arguments.words)) {
    const auto response = call_member(context, member, {"GET", "patroni", std::nullopt, kAnswerTimeout});
    context.console.out(version_line(member, response));
  }
  return {};
}

Result<void> run_detach(CommandContext& context, const Arguments& arguments) {
  // No store is asked: detaching has to work while it is away.
  Member local;
  local.name = context.settings.name;
  local.api_url = context.settings.api_url();
  if (local.name.empty()) {
    return Error(ErrorCode::Invalid, "the configuration has no name, so there is no local member to detach",
                 "give the daemon's own file with -c");
  }
  const auto confirmed = confirm_action(
      context, arguments.has("force"),
      fmt::format("detach member {} and leave PostgreSQL running without its daemon", local.name), "detach");
  if (!confirmed) return confirmed;
  const auto response = call_member(context, local, {"POST", "detach", std::nullopt, kAnswerTimeout});
  if (!response) return response.error();
  const bool accepted = response->status == 200 || response->status == 202;
  context.console.out(accepted ? fmt::format("Success: detach of member {}\n", local.name)
                               : failure_text("detach", local, *response));
  if (accepted) return {};
  return Error(ErrorCode::Failed, fmt::format("member {} was not detached", local.name),
               "send SIGUSR2 to the daemon to detach it without REST");
}

}  // namespace tamada::ctl
