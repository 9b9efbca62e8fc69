#include "helpers/instance_metadata.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "model/stored_json.h"

namespace tamada {

namespace {

constexpr std::chrono::milliseconds kPatience{2100};
constexpr const char* kTokenSeconds = "60";

}  // namespace

Result<InstanceIdentity> parse_identity_document(std::string_view text) {
  const auto document = stored::object_of(text);
  if (!document) return Error(ErrorCode::Protocol, "the instance identity document is no JSON object");
  InstanceIdentity identity{stored::text_field(*document, "instanceId"), stored::text_field(*document, "region")};
  if (identity.instance_id.empty() || identity.region.empty()) {
    return Error(ErrorCode::Protocol, "the instance identity document names no instance or no region");
  }
  return identity;
}

Result<AwsCredentials> parse_instance_credentials(std::string_view text) {
  const auto document = stored::object_of(text);
  if (!document) return Error(ErrorCode::Protocol, "the credentials of the instance's role are no JSON object");
  AwsCredentials found{stored::text_field(*document, "AccessKeyId"), stored::text_field(*document, "SecretAccessKey"),
                       stored::text_field(*document, "Token")};
  if (found.key_id.empty() || found.secret.empty()) {
    return Error(ErrorCode::Protocol,
                 fmt::format("the instance's role gives no credentials: {}", stored::text_field(*document, "Code")));
  }
  return found;
}

InstanceMetadata::InstanceMetadata(HttpTransport& http, Clock& clock, std::string endpoint)
    : http_(http), clock_(clock), endpoint_(std::move(endpoint)) {}

Task<Result<void>> InstanceMetadata::get_token() {
  if (token_) co_return Result<void>();
  HttpRequest request{.method = "PUT", .url = endpoint_ + "/latest/api/token"};
  request.headers = {{"X-aws-ec2-metadata-token-ttl-seconds", kTokenSeconds}};
  auto answer = co_await http_.send(std::move(request), clock_.now() + kPatience);
  if (!answer) co_return answer.error().wrap("the instance metadata service does not answer");
  // Of old, and where the service only imitates Amazon's, there are no tokens.
  if (answer->status == 403 || answer->status == 404 || answer->status == 405) {
    token_ = "";
  } else if (answer->status == 200) {
    token_ = std::string(trim(answer->body));
  } else {
    co_return Error(ErrorCode::Protocol,
                    fmt::format("the instance metadata service gave no token: {}", answer->status));
  }
  co_return Result<void>();
}

Task<Result<std::string>> InstanceMetadata::get(std::string path) {
  auto ready = co_await get_token();
  if (!ready) co_return ready.error();
  HttpRequest request{.url = endpoint_ + path};
  if (!token_->empty()) request.headers = {{"X-aws-ec2-metadata-token", *token_}};
  auto answer = co_await http_.send(std::move(request), clock_.now() + kPatience);
  if (!answer) co_return answer.error().wrap("the instance metadata service does not answer");
  if (answer->status != 200) {
    co_return Error(ErrorCode::Protocol,
                    fmt::format("the instance metadata service answered {} for {}", answer->status, path));
  }
  co_return std::move(answer->body);
}

Task<Result<InstanceIdentity>> InstanceMetadata::identity() {
  auto text = co_await get("/latest/dynamic/instance-identity/document");
  if (!text) co_return text.error();
  co_return parse_identity_document(*text);
}

Task<Result<AwsCredentials>> InstanceMetadata::credentials() {
  const std::string path = "/latest/meta-data/iam/security-credentials/";
  auto roles = co_await get(path);
  if (!roles) co_return roles.error().wrap("the instance has no role to act as");
  const std::string role(trim(roles->substr(0, roles->find('\n'))));
  if (role.empty()) co_return Error(ErrorCode::NotFound, "the instance has no role to act as");
  auto text = co_await get(path + role);
  if (!text) co_return text.error();
  co_return parse_instance_credentials(*text);
}

}  // namespace tamada
