// The daemon's settings source: the files' one, telling those outside the engine (log, REST, clients) when others come
// into force. Engine thread.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "host/settings_files.h"

namespace tamada {

class DaemonSettings final : public SettingsSource {
 public:
  using Listener = std::function<void(const Settings&)>;
  explicit DaemonSettings(std::unique_ptr<FileSettingsSource> files) : files_(std::move(files)) {}
  void on_change(Listener listener) { listener_ = std::move(listener); }

  std::shared_ptr<const Settings> current() const override { return files_->current(); }
  Task<Result<std::shared_ptr<const Settings>>> reload_local() override {
    auto result = co_await files_->reload_local();
    tell(result);
    co_return result;
  }
  Result<std::shared_ptr<const Settings>> apply_dynamic(const json::object& document) override {
    auto result = files_->apply_dynamic(document);
    tell(result);
    return result;
  }
  SettingsInputs inputs() const override { return files_->inputs(); }
  void set_peer_minima(bool hold) override { files_->set_peer_minima(hold); }

 private:
  void tell(const Result<std::shared_ptr<const Settings>>& result) {
    if (result && listener_) listener_(**result);
  }

  std::unique_ptr<FileSettingsSource> files_;
  Listener listener_;
};

}  // namespace tamada
