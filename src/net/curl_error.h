// What a failed transfer means for the caller (net/http.h): whether the request can have reached the server.
#pragma once

#include <string>

#include "base/error.h"

namespace tamada {

enum class TransferFailure {
  Timeout,   // our limit passed
  Resolve,   // no address
  Connect,   // no connection
  Tls,       // certificates, keys, handshake
  Broken,    // the connection ended or was reset
  TooLarge,  // the answer is bigger than we take
  Other,
};

// `may_be_sent`: the request was about to be written to a connection, or was.
Error transfer_error(TransferFailure failure, bool may_be_sent, const std::string& url, const std::string& detail);

}  // namespace tamada
