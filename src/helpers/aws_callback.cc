#include "helpers/aws_callback.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "helpers/ec2_client.h"
#include "helpers/instance_metadata.h"

namespace tamada {

namespace {

constexpr Duration kTryFor = 300s;
constexpr Duration kFirstPause = 1s;
constexpr Duration kLongestPause = 30s;
constexpr std::string_view kMetadataService = "http://169.254.169.254";
constexpr std::array<std::string_view, 3> kActions = {"on_start", "on_stop", "on_role_change"};

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

std::optional<AwsCredentials> configured_credentials(const EnvironmentLookup& environment) {
  const auto key = environment("AWS_ACCESS_KEY_ID");
  const auto secret = environment("AWS_SECRET_ACCESS_KEY");
  if (!key || key->empty() || !secret || secret->empty()) return std::nullopt;
  return AwsCredentials{*key, *secret, environment("AWS_SESSION_TOKEN").value_or("")};
}

std::string endpoint_for(const EnvironmentLookup& environment, const std::string& region) {
  for (const char* name : {"AWS_ENDPOINT_URL_EC2", "AWS_ENDPOINT_URL"}) {
    if (const auto url = environment(name); url && !url->empty()) return without_slash(*url);
  }
  return ec2_endpoint(region);
}

// Repeats a call that failed, with growing pauses, until the time is over.
template <class F>
auto with_retries(HelperWorld& world, Instant until, F call) -> decltype(call()) {
  for (Duration pause = kFirstPause;; pause = std::min<Duration>(2 * pause, kLongestPause)) {
    auto result = call();
    if (result || world.clock().now() + pause >= until) return result;
    world.log().warning("{}; trying again", result.error().text());
    world.sleep_for(pause);
  }
}

Result<void> tag(HelperWorld& world, const EnvironmentLookup& environment, const std::string& role,
                 const std::string& cluster) {
  if (equal_ignoring_case(environment("AWS_EC2_METADATA_DISABLED").value_or(""), "true")) {
    return Error(ErrorCode::Unsupported, "the instance metadata service is disabled (AWS_EC2_METADATA_DISABLED)");
  }
  const auto service = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  InstanceMetadata metadata(world.http(), world.clock(),
                            service && !service->empty() ? without_slash(*service) : std::string(kMetadataService));
  const auto identity = world.run(metadata.identity());
  if (!identity) return identity.error().wrap("cannot query AWS meta-data");
  auto credentials = configured_credentials(environment);
  if (!credentials) {
    auto of_role = world.run(metadata.credentials());
    if (!of_role) return of_role.error();
    credentials = std::move(*of_role);
  }
  Ec2Client ec2(world.http(), world.clock(), endpoint_for(environment, identity->region), identity->region,
                std::move(*credentials));
  const Instant until = world.clock().now() + kTryFor;
  const auto instance =
      with_retries(world, until, [&] { return world.run(ec2.create_tags({identity->instance_id}, {{"Role", role}})); });
  if (!instance) return instance;
  const auto volumes = with_retries(world, until, [&] { return world.run(ec2.volumes_of(identity->instance_id)); });
  if (!volumes) return volumes.error();
  if (volumes->empty()) return {};
  const Ec2Tags tags = {{"Name", "spilo_" + cluster}, {"Role", role}, {"Instance", identity->instance_id}};
  return with_retries(world, until, [&] { return world.run(ec2.create_tags(*volumes, tags)); });
}

}  // namespace

int run_aws_callback(HelperWorld& world, const std::vector<std::string>& words, const EnvironmentLookup& environment) {
  if (words.size() != 3 || std::find(kActions.begin(), kActions.end(), words[0]) == kActions.end()) {
    fmt::print(stderr, "Usage: tamada-aws <on_start|on_stop|on_role_change> <role> <cluster name>\n");
    return 1;
  }
  const auto tagged = tag(world, environment, words[1], words[2]);
  if (tagged) return 0;
  world.log().error("{}", tagged.error().text());
  return 1;
}

}  // namespace tamada
