// A scripted conversation, a store and members for the commands' tests.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "ctl/command_context.h"
#include "ctl/console.h"
#include "support/jumping_clock.h"

namespace tamada::ctl {

using testing::JumpingClock;

class ConsoleScript final : public Console {
 public:
  explicit ConsoleScript(std::deque<std::string> answers = {}) : answers_(std::move(answers)) {}
  void out(std::string_view text) override { shown += text; }
  void err(std::string_view text) override { errors += text; }
  bool out_is_terminal() const override { return terminal; }
  std::optional<std::string> read_line() override {
    if (answers_.empty()) return std::nullopt;
    std::string answer = answers_.front();
    answers_.pop_front();
    return answer;
  }
  std::optional<std::string> read_hidden_line() override { return read_line(); }
  std::string read_all() override { return input; }

  std::string shown;
  std::string errors;
  std::string input;
  bool terminal = false;

 private:
  std::deque<std::string> answers_;
};

class RandomFake final : public Random {
 public:
  std::uint64_t below(std::uint64_t) override { return 0; }
};

// Answers by "METHOD url"; what is not listed is unreachable.
class HttpFake final : public HttpTransport {
 public:
  Task<Result<HttpResponse>> send(HttpRequest request, Instant) override {
    const std::string key = request.method + " " + request.url;
    sent.push_back(key + (request.body.empty() ? "" : " " + request.body));
    if (!answers.contains(key)) co_return Error(ErrorCode::Unavailable, "connection refused");
    co_return answers.at(key);
  }
  // One answer of `streams` for each opening, which ends after its bytes.
  Task<Result<std::unique_ptr<HttpStream>>> open(HttpRequest request, Instant) override {
    std::string line = request.method + " " + request.url;
    for (const auto& [name, value] : request.headers) {
      if (name == "Last-Event-ID") line += " after " + value;
    }
    sent.push_back(line);
    auto& answers_left = streams[request.url];
    if (answers_left.empty()) co_return Error(ErrorCode::Unavailable, "connection refused");
    auto stream = std::make_unique<Stream>(answers_left.front());
    answers_left.pop_front();
    co_return std::unique_ptr<HttpStream>(std::move(stream));
  }

  std::map<std::string, HttpResponse> answers;
  std::map<std::string, std::deque<HttpResponse>> streams;  // by URL
  std::vector<std::string> sent;

 private:
  class Stream final : public HttpStream {
   public:
    explicit Stream(HttpResponse response) : response_(std::move(response)) {}
    int status() const override { return response_.status; }
    Task<Result<std::string>> read(Instant) override { co_return std::exchange(response_.body, ""); }

   private:
    HttpResponse response_;
  };
};

class ProgramsFake final : public Programs {
 public:
  std::optional<std::string> variable(const std::string& name) const override {
    const auto it = variables.find(name);
    return it == variables.end() ? std::nullopt : std::optional<std::string>(it->second);
  }
  Result<std::string> read_file(const std::string& path) const override {
    const auto it = files.find(path);
    if (it == files.end()) return Error(ErrorCode::NotFound, "cannot read " + path);
    return it->second;
  }
  std::optional<std::string> find(const std::string& name) const override {
    return installed.contains(name) ? std::optional<std::string>(installed.at(name)) : std::nullopt;
  }
  Result<int> run(const std::vector<std::string>& command, const std::optional<std::string>& input) override {
    ran = command;
    piped = input.value_or("");
    return 0;
  }
  Result<std::string> edit(const std::string& editor, const std::string& prefix, const std::string&) override {
    ran = {editor, prefix};
    return edited;
  }

  std::map<std::string, std::string> variables;
  std::map<std::string, std::string> files;
  std::map<std::string, std::string> installed;
  std::vector<std::string> ran;
  std::string piped;
  Result<std::string> edited = std::string();
};

// What the stores of all clusters of one test share.
struct StoreState {
  ClusterView view;
  std::vector<StoreWrite> writes;
  WriteKind outcome = WriteKind::Applied;
  bool removed = false;
  // Called before each load: the world goes on.
  std::function<void(ClusterView&)> before_load;
};

class StoreFake final : public Store {
 public:
  explicit StoreFake(StoreState& state) : state_(state) {}
  Task<Result<ClusterView>> load(Instant) override {
    if (state_.before_load) state_.before_load(state_.view);
    co_return state_.view;
  }
  void watch(StoreListener&) override {}
  Task<Written<LockProof>> acquire_leader(AcquireRequest, Instant) override { co_return Written<LockProof>(); }
  Task<Written<LockProof>> renew(LockGeneration, RenewRequest, Instant) override { co_return Written<LockProof>(); }
  Task<Written<std::int64_t>> release(LockGeneration, std::optional<StatusDocument>, Instant) override {
    co_return Written<std::int64_t>();
  }
  Task<Written<LockProof>> adopt_leader(AdoptionRecord, std::chrono::seconds, Instant) override {
    co_return Written<LockProof>();
  }
  Task<Written<std::int64_t>> touch_member(std::string, std::chrono::seconds, bool, Instant) override {
    co_return Written<std::int64_t>();
  }
  Task<Written<std::int64_t>> write(StoreWrite request, Instant) override {
    state_.writes.push_back(std::move(request));
    if (state_.outcome == WriteKind::Applied) co_return Written<std::int64_t>::make_applied(1);
    co_return Written<std::int64_t>::make_refused("", Error(ErrorCode::Conflict, "the key has another version"));
  }
  Task<Written<std::int64_t>> delete_cluster(Instant) override {
    state_.removed = true;
    co_return Written<std::int64_t>::make_applied(1);
  }
  std::string_view kind() const override { return "fake"; }
  Task<void> stop() override { co_return; }

 private:
  StoreState& state_;
};

class LogToConsole final : public LogSink {
 public:
  explicit LogToConsole(Console& console) : console_(console) {}
  bool enabled(LogLevel level, std::string_view) const override { return level >= LogLevel::Warning; }
  void write(LogLevel, std::string_view, std::string text) override { console_.err("log: " + text + "\n"); }

 private:
  Console& console_;
};

// One command line against a scripted world.
struct Bench {
  explicit Bench(Compatibility level = Compatibility::V4_1, std::deque<std::string> answers = {})
      : console(std::move(answers)) {
    context.settings.compatibility = level;
    context.settings.scope = "batman";
  }

  ConsoleScript console;
  LocalLoop loop;
  JumpingClock clock;
  RandomFake random;
  HttpFake http;
  ProgramsFake programs;
  StoreState store;
  LogToConsole log{console};
  CommandContext context{
      .console = console,
      .loop = loop,
      .clock = clock,
      .random = random,
      .http = http,
      .programs = programs,
      .log = Logger(log, "tamadactl"),
      .make_store =
          [this](const Settings&) { return Result<OpenedStore>({.store = std::make_unique<StoreFake>(store)}); },
      .settings = {},
      .program = "tamadactl"};

  // Runs "list -f json" and so on; the exit code. Texts are in `console`.
  int run(const std::vector<std::string>& words);
};

// postgresql0 leads, 1 and 2 follow; all answer at http://127.0.0.1:800<n>.
ClusterView three_members();

}  // namespace tamada::ctl
