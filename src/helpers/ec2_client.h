// The two calls of Amazon's EC2 query interface that tagging needs, signed.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "helpers/instance_metadata.h"

namespace tamada {

using Ec2Tags = std::vector<std::pair<std::string, std::string>>;
using Ec2Parameters = std::vector<std::pair<std::string, std::string>>;

// "Action=CreateTags&Version=2016-11-15&ResourceId.1=i-0&Tag.1.Key=Role&..."
std::string ec2_form(std::string_view action, const Ec2Parameters& parameters);

struct VolumePage {
  std::vector<std::string> volume_ids;
  std::string next_token;  // empty = this was the last page
};
Result<VolumePage> parse_describe_volumes(const std::string& xml);
// "UnauthorizedOperation: You are not authorized ..." of an error answer; empty when it is none.
std::string ec2_error_text(const std::string& xml);

// Where the service of a region is unless the environment says otherwise.
std::string ec2_endpoint(std::string_view region);

class Ec2Client {
 public:
  Ec2Client(HttpTransport& http, Clock& clock, std::string endpoint, std::string region, AwsCredentials credentials);

  Task<Result<std::vector<std::string>>> volumes_of(std::string instance_id);
  // All tags on all resources, in one call.
  Task<Result<void>> create_tags(std::vector<std::string> resources, Ec2Tags tags);

 private:
  Task<Result<std::string>> call(std::string_view action, Ec2Parameters parameters);

  HttpTransport& http_;
  Clock& clock_;
  std::string endpoint_;
  std::string region_;
  AwsCredentials credentials_;
};

}  // namespace tamada
