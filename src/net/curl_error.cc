#include "net/curl_error.h"

#include <fmt/format.h>

namespace tamada {

namespace {

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

// A server that refuses our certificate says so in an alert, which with TLS 1.3 arrives after the request was written.
bool is_tls_alert(const std::string& detail) {
  return contains(detail, "alert");
}

// The handshake broke because the server went away; nothing is wrong with the certificates.
bool is_connection_loss(const std::string& detail) {
  return contains(detail, "reset by peer") || contains(detail, "SSL_ERROR_SYSCALL") ||
         contains(detail, "Broken pipe") || contains(detail, "unexpected eof") ||
         contains(detail, "Connection refused");
}

ErrorCode code_of(TransferFailure failure, bool may_be_sent, const std::string& detail) {
  switch (failure) {
    case TransferFailure::Timeout:
      return ErrorCode::Timeout;
    case TransferFailure::TooLarge:
      return ErrorCode::Protocol;
    case TransferFailure::Tls:
      if (!is_connection_loss(detail)) return ErrorCode::Denied;
      break;
    case TransferFailure::Broken:
      if (is_tls_alert(detail)) return ErrorCode::Denied;
      break;
    case TransferFailure::Resolve:
    case TransferFailure::Connect:
    case TransferFailure::Other:
      break;
  }
  return may_be_sent ? ErrorCode::Io : ErrorCode::Unavailable;
}

std::string origin_of(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::size_t from = scheme == std::string::npos ? 0 : scheme + 3;
  std::string origin = url.substr(0, url.find_first_of("/?#", from));
  const std::size_t at = origin.rfind('@');  // never a password in a message
  if (at != std::string::npos && at >= from) origin.erase(from, at - from + 1);
  return origin;
}

}  // namespace

Error transfer_error(TransferFailure failure, bool may_be_sent, const std::string& url, const std::string& detail) {
  const ErrorCode code = code_of(failure, may_be_sent, detail);
  std::string hint;
  if (code == ErrorCode::Denied) hint = "check cacert, cert and key and the server's certificate";
  return Error(code, fmt::format("{}: {}", origin_of(url), detail), std::move(hint));
}

}  // namespace tamada
