// What a virtual machine of Amazon's EC2 can find out about itself: the instance metadata service, by tokens (IMDSv2)
// and without where tokens are unknown.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/task.h"
#include "net/http.h"
#include "ports/clock.h"

namespace tamada {

struct InstanceIdentity {
  std::string instance_id;
  std::string region;
};

struct AwsCredentials {
  std::string key_id;
  std::string secret;
  std::string session_token;  // of temporary ones
};

// Answers of the service. Error Protocol for anything else.
Result<InstanceIdentity> parse_identity_document(std::string_view text);
Result<AwsCredentials> parse_instance_credentials(std::string_view text);

class InstanceMetadata {
 public:
  // `endpoint` without a trailing slash: "http://169.254.169.254". Each question is given up after 2.1 s.
  InstanceMetadata(HttpTransport& http, Clock& clock, std::string endpoint);

  Task<Result<InstanceIdentity>> identity();
  // Of the role that the instance was given.
  Task<Result<AwsCredentials>> credentials();

 private:
  Task<Result<void>> get_token();
  Task<Result<std::string>> get(std::string path);

  HttpTransport& http_;
  Clock& clock_;
  std::string endpoint_;
  std::optional<std::string> token_;  // empty = the service knows none
};

}  // namespace tamada
