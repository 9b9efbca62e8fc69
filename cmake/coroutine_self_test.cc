// Patterns of coroutine use that a miscompiling compiler (g++ 12) breaks. Ends with 0 when all of them work.
#include <coroutine>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace {

template <class T>
struct Task {
  struct promise_type {
    std::optional<T> value;
    std::coroutine_handle<> waiter;
    Task get_return_object() { return Task{std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    auto final_suspend() noexcept {
      struct Resume {
        bool await_ready() noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> h) noexcept {
          return h.promise().waiter ? h.promise().waiter : std::noop_coroutine();
        }
        void await_resume() noexcept {}
      };
      return Resume{};
    }
    void return_value(T v) { value = std::move(v); }
    void unhandled_exception() { std::terminate(); }
  };
  explicit Task(std::coroutine_handle<promise_type> h) : handle(h) {}
  Task(Task&& other) noexcept : handle(std::exchange(other.handle, {})) {}
  ~Task() {
    if (handle) handle.destroy();
  }
  bool await_ready() { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiter) {
    handle.promise().waiter = waiter;
    return handle;
  }
  T await_resume() { return std::move(*handle.promise().value); }
  std::coroutine_handle<promise_type> handle;
};

struct Aggregate {
  std::string first;
  std::shared_ptr<int> second;
};

std::shared_ptr<int> g_shared = std::make_shared<int>(1);

Task<bool> yes() {
  co_return true;
}
Task<int> take(Aggregate a) {
  co_return static_cast<int>(a.first.size()) + *a.second;
}
template <class F>
Task<int> call(F f) {
  co_return f();
}

Task<int> conditions() {
  if (co_await yes()) {
    co_return 1;
  }
  co_return 2;
}

Task<int> arguments() {
  int sum = co_await take(Aggregate{std::string(40, 'x'), g_shared});
  sum += co_await take({.first = std::string(40, 'y'), .second = g_shared});
  std::string text(40, 'z');
  sum += co_await call([text, keep = g_shared] { return static_cast<int>(text.size()) + *keep; });
  auto boxed = std::make_unique<Aggregate>(Aggregate{std::string(co_await conditions(), 'a'), g_shared});
  co_return sum + static_cast<int>(boxed->first.size());
}

template <class T>
T run(Task<T> task) {
  task.handle.resume();
  return std::move(*task.handle.promise().value);
}

}  // namespace

int main() {
  if (run(conditions()) != 1) return 1;
  if (run(arguments()) != 124) return 2;
  if (g_shared.use_count() != 1) return 3;
  return 0;
}
