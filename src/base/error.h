// Errors as values. An error says what failed (code), tells the reader (message: lower case, no full stop, names the
// object and the number), what to do about it (hint, may be empty) and what caused it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace tamada {

enum class ErrorCode {
  Invalid,      // input that breaks its documented form
  NotFound,     // the named object does not exist
  Conflict,     // somebody else changed or holds the object
  Unavailable,  // a component could not be reached or did not answer in time
  Timeout,      // our own time limit passed
  Denied,       // credentials or permissions were refused
  Unsupported,  // a version, feature or section that is not served
  Io,           // the operating system refused a file or process operation
  Protocol,     // a peer answered something that breaks its protocol
  Cancelled,    // the caller or the operator gave up
  Failed,       // a program or statement ran and reported failure
};

std::string_view to_string(ErrorCode code);
// HTTP status that a REST answer gives for the code when the endpoint's own table has none.
int http_status(ErrorCode code);
// Exit code of a program that ends because of the code.
int exit_code(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::Failed;
  std::string message;
  std::string hint;
  std::shared_ptr<const Error> cause;

  Error() = default;
  Error(ErrorCode c, std::string m, std::string h = {}) : code(c), message(std::move(m)), hint(std::move(h)) {}

  // The same error one level up: `what` becomes the message, this error its cause.
  Error wrap(std::string what) const;
  // "message: cause: cause (hint)" on one line, for logs.
  std::string text() const;
};

}  // namespace tamada
