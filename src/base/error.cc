#include "base/error.h"

namespace tamada {

namespace {

struct CodeRow {
  ErrorCode code;
  std::string_view name;
  int http;
  int exit;
};

constexpr CodeRow kCodes[] = {
    {ErrorCode::Invalid, "invalid", 400, 1},         {ErrorCode::NotFound, "not found", 404, 1},
    {ErrorCode::Conflict, "conflict", 409, 1},       {ErrorCode::Unavailable, "unavailable", 503, 1},
    {ErrorCode::Timeout, "timeout", 503, 1},         {ErrorCode::Denied, "denied", 403, 1},
    {ErrorCode::Unsupported, "unsupported", 501, 1}, {ErrorCode::Io, "io", 500, 1},
    {ErrorCode::Protocol, "protocol", 502, 1},       {ErrorCode::Cancelled, "cancelled", 503, 1},
    {ErrorCode::Failed, "failed", 500, 1},
};

const CodeRow& row(ErrorCode code) {
  for (const CodeRow& r : kCodes) {
    if (r.code == code) return r;
  }
  return kCodes[std::size(kCodes) - 1];
}

}  // namespace

std::string_view to_string(ErrorCode code) {
  return row(code).name;
}
int http_status(ErrorCode code) {
  return row(code).http;
}
int exit_code(ErrorCode code) {
  return row(code).exit;
}

Error Error::wrap(std::string what) const {
  Error outer(code, std::move(what), hint);
  outer.cause = std::make_shared<const Error>(*this);
  return outer;
}

std::string Error::text() const {
  std::string out = message;
  for (const Error* e = cause.get(); e != nullptr; e = e->cause.get()) out += ": " + e->message;
  if (!hint.empty()) out += " (" + hint + ")";
  return out;
}

}  // namespace tamada
