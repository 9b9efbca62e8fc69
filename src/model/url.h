// Host, port and query of the URLs that members publish (conn_url, api_url). Pure; nothing is resolved.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tamada {

struct UrlParts {
  std::string scheme;
  std::string host;  // without the brackets of an IPv6 address
  std::optional<int> port;
  std::string path;   // with the leading slash; empty = none
  std::string query;  // without the question mark
};

// nullopt when there is no "scheme://", the brackets do not match or the port is no number from 1 to 65535. User and
// password are skipped.
std::optional<UrlParts> split_url(std::string_view url);

// Another endpoint ("failsafe") of the API that an api_url belongs to; empty when that is no usable URL.
std::string endpoint_url(const std::string& api_url, std::string_view endpoint);

// The decoded value of a query parameter; nullopt when it is not there.
std::optional<std::string> query_parameter(std::string_view query, std::string_view name);

// All but letters, digits and -._~ as %XX.
std::string url_escape(std::string_view text);

}  // namespace tamada
