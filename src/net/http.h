// HTTP requests to stores and peers. The transport is an interface so that the simulator can stand behind every client.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "base/time.h"

namespace tamada {

// Signs the request as Amazon's services demand it (Signature Version 4). The session token of temporary credentials
// is an ordinary header, X-Amz-Security-Token.
struct AwsSignature {
  std::string region;   // "eu-central-1"
  std::string service;  // "ec2"
  std::string key_id;
  std::string secret;
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // absolute
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::optional<AwsSignature> aws;
};

struct HttpResponse {
  int status = 0;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

// TLS and credentials of one client; empty = not used.
struct HttpClientSettings {
  std::string cacert;
  std::string cert;
  std::string key;
  std::string key_password;
  bool verify_peer = true;
  bool verify_host = true;
  std::string username;  // basic authentication
  std::string password;
  std::chrono::seconds keepalive_idle{10};
  std::chrono::seconds dead_after{30};  // TCP_USER_TIMEOUT
};

// A request whose answer is read while it arrives (watches). Dropping the object ends the request.
class HttpStream {
 public:
  virtual ~HttpStream() = default;
  // HTTP status; an answer that is no success is read like any other.
  virtual int status() const { return 200; }
  // The next bytes; an empty string is the orderly end. Timeout at the deadline leaves the stream usable.
  virtual Task<Result<std::string>> read(Instant deadline) = 0;
};

class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  // One request, one answer. Errors: Timeout; Unavailable when nothing can have been sent (name not found, connection
  // refused); Io when the connection broke after it may have been sent; Denied for TLS. Never retries.
  virtual Task<Result<HttpResponse>> send(HttpRequest request, Instant deadline) = 0;
  // Returns once the status line and headers are in, or fails by the deadline.
  virtual Task<Result<std::unique_ptr<HttpStream>>> open(HttpRequest request, Instant deadline) = 0;
};

}  // namespace tamada
