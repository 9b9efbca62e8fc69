#include "helpers/ec2_client.h"

#include <fmt/format.h>
#include <pugixml.hpp>

#include "base/text.h"
#include "model/url.h"

namespace tamada {

namespace {

constexpr Duration kCallPatience = 30s;
constexpr int kMostPages = 100;
constexpr std::string_view kVersion = "2016-11-15";

}  // namespace

std::string ec2_form(std::string_view action, const Ec2Parameters& parameters) {
  std::string form = fmt::format("Action={}&Version={}", action, kVersion);
  for (const auto& [key, value] : parameters) form += fmt::format("&{}={}", key, url_escape(value));
  return form;
}

Result<VolumePage> parse_describe_volumes(const std::string& xml) {
  pugi::xml_document document;
  const auto parsed = document.load_buffer(xml.data(), xml.size());
  const auto root = document.child("DescribeVolumesResponse");
  if (!parsed || !root) return Error(ErrorCode::Protocol, "EC2 did not describe volumes");
  VolumePage page;
  for (const auto& item : root.child("volumeSet").children("item")) {
    page.volume_ids.emplace_back(item.child_value("volumeId"));
  }
  page.next_token = root.child_value("nextToken");
  return page;
}

std::string ec2_error_text(const std::string& xml) {
  pugi::xml_document document;
  if (!document.load_buffer(xml.data(), xml.size())) return {};
  const auto error = document.child("Response").child("Errors").child("Error");
  return error ? fmt::format("{}: {}", error.child_value("Code"), error.child_value("Message")) : std::string();
}

std::string ec2_endpoint(std::string_view region) {
  return fmt::format("https://ec2.{}.amazonaws.com{}", region, region.starts_with("cn-") ? ".cn" : "");
}

Ec2Client::Ec2Client(HttpTransport& http, Clock& clock, std::string endpoint, std::string region,
                     AwsCredentials credentials)
    : http_(http),
      clock_(clock),
      endpoint_(std::move(endpoint)),
      region_(std::move(region)),
      credentials_(std::move(credentials)) {}

Task<Result<std::string>> Ec2Client::call(std::string_view action, Ec2Parameters parameters) {
  HttpRequest request{.method = "POST", .url = endpoint_ + "/", .body = ec2_form(action, parameters)};
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
  if (!credentials_.session_token.empty()) {
    request.headers.emplace_back("X-Amz-Security-Token", credentials_.session_token);
  }
  request.aws = {.region = region_, .service = "ec2", .key_id = credentials_.key_id, .secret = credentials_.secret};
  auto answer = co_await http_.send(std::move(request), clock_.now() + kCallPatience);
  if (!answer) co_return answer.error().wrap(fmt::format("{} failed", action));
  if (answer->status != 200) {
    co_return Error(ErrorCode::Failed,
                    fmt::format("{} failed with status {}: {}", action, answer->status, ec2_error_text(answer->body)));
  }
  co_return std::move(answer->body);
}

Task<Result<std::vector<std::string>>> Ec2Client::volumes_of(std::string instance_id) {
  std::vector<std::string> found;
  std::string token;
  for (int page = 0; page < kMostPages; ++page) {
    Ec2Parameters parameters = {{"Filter.1.Name", "attachment.instance-id"}, {"Filter.1.Value.1", instance_id}};
    if (!token.empty()) parameters.emplace_back("NextToken", token);
    auto answer = co_await call("DescribeVolumes", std::move(parameters));
    if (!answer) co_return answer.error();
    auto volumes = parse_describe_volumes(*answer);
    if (!volumes) co_return volumes.error();
    found.insert(found.end(), volumes->volume_ids.begin(), volumes->volume_ids.end());
    if (volumes->next_token.empty()) co_return found;
    token = volumes->next_token;
  }
  co_return Error(ErrorCode::Protocol, "EC2 describes volumes without an end");
}

Task<Result<void>> Ec2Client::create_tags(std::vector<std::string> resources, Ec2Tags tags) {
  Ec2Parameters parameters;
  for (std::size_t i = 0; i < resources.size(); ++i) {
    parameters.emplace_back(fmt::format("ResourceId.{}", i + 1), resources[i]);
  }
  for (std::size_t i = 0; i < tags.size(); ++i) {
    parameters.emplace_back(fmt::format("Tag.{}.Key", i + 1), tags[i].first);
    parameters.emplace_back(fmt::format("Tag.{}.Value", i + 1), tags[i].second);
  }
  auto answer = co_await call("CreateTags", std::move(parameters));
  if (!answer) co_return answer.error();
  co_return Result<void>();
}

}  // namespace tamada
