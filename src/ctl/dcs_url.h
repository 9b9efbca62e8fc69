// The store's address as -d takes it (cli.md 2.2). Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace tamada::ctl {

struct DcsUrl {
  std::string scheme;  // "etcd3"
  std::string host;
  int port = 0;
  std::string namespace_;  // empty = from the configuration
};

// [scheme://][host][:port][/namespace]. Error Invalid for an unknown scheme or a port that is no number.
Result<DcsUrl> parse_dcs_url(std::string_view text);

// Puts the address in place of every store section of the document.
void use_dcs_url(json::object& document, const DcsUrl& url);

}  // namespace tamada::ctl
