#include "engine/engine.h"

#include "engine/engine_impl.h"

namespace tamada {

Engine::Engine(Executor executor, EnginePorts ports, Logger log)
    : impl_(std::make_unique<Impl>(std::move(executor), ports, std::move(log))) {}
Engine::~Engine() = default;

Task<int> Engine::run(std::function<Result<void>()> on_ready) {
  co_return co_await impl_->run(std::move(on_ready));
}
std::shared_ptr<const Snapshot> Engine::snapshot() const {
  return impl_->snapshot();
}
void Engine::submit(OperatorRequest request, std::function<void(OperatorReply)> done) {
  impl_->submit(std::move(request), std::move(done));
}
Instant Engine::now() const {
  return impl_->now();
}

}  // namespace tamada
