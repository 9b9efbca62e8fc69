// How etcd is reached, the same for both of its APIs.
#pragma once

#include <string>

#include "base/result.h"
#include "model/settings.h"
#include "net/http.h"

namespace tamada {

// For the transport that the store uses.
HttpClientSettings etcd_http_settings(const EtcdSettings& etcd, const DynamicSettings& dynamic);
// "http://10.0.0.1:2379" from any form of `host`. Error: Invalid.
Result<std::string> etcd_base_url(const std::string& host, const std::string& protocol);

}  // namespace tamada
