#include "model/settings.h"

#include <fmt/format.h>

namespace tamada {

std::string Settings::key_prefix() const {
  std::string out = "/";
  for (const char c : namespace_ + "/" + scope + "/") {
    if (c != '/' || out.back() != '/') out.push_back(c);
  }
  return out;
}

std::string Settings::api_url() const {
  const std::string& address = restapi.connect_address.empty() ? restapi.listen : restapi.connect_address;
  return fmt::format("{}://{}/patroni", restapi.certfile.empty() ? "http" : "https", address);
}

std::string Settings::conn_url() const {
  std::string address = postgresql.connect_address;
  if (address.empty()) {
    const std::string first = postgresql.listen_addresses.substr(0, postgresql.listen_addresses.find(','));
    const bool v6 = first.find(':') != std::string::npos && !first.starts_with('[');
    address = fmt::format("{}{}{}:{}", v6 ? "[" : "", first, v6 ? "]" : "", postgresql.port);
  }
  return fmt::format("postgres://{}/{}", address, postgresql.database);
}

}  // namespace tamada
