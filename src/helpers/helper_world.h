// What a helper program works with: an event loop that runs one task after the other, the real clock, HTTP, and a log
// on standard error. One thread; a helper may wait.
#pragma once

#include <string>
#include <utility>

#include "base/log.h"
#include "ctl/local_loop.h"
#include "ctl/system_console.h"
#include "host/system_clock.h"
#include "net/curl_transport.h"
#include "net/resolver.h"

namespace tamada {

class HelperWorld {
 public:
  explicit HelperWorld(std::string program) : log_(sink_, std::move(program)) {}

  template <class T>
  T run(Task<T> task) {
    return loop_.run(std::move(task));
  }
  void sleep_for(Duration duration) { loop_.run(clock_.sleep_for(duration)); }
  Clock& clock() { return clock_; }
  HttpTransport& http() { return http_; }
  const Logger& log() const { return log_; }

 private:
  ctl::LocalLoop loop_;
  SystemClock clock_;
  ctl::SystemConsole console_;
  ctl::ConsoleLog sink_{console_, clock_, LogLevel::Info};
  SystemResolver resolver_{loop_.executor(), [this] { return clock_.now(); }};
  CurlTransport http_{loop_.executor(), [this] { return clock_.now(); }, {}, resolver_};
  Logger log_;
};

}  // namespace tamada
