#include "ctl/ctl_settings.h"

#include "ctl/dcs_url.h"
#include "model/settings_build.h"

namespace tamada::ctl {

std::string default_config_file(const std::optional<std::string>& config_home, const std::optional<std::string>& home) {
  return config_home.value_or(home.value_or("") + "/.config") + "/patroni/patronictl.yaml";
}

Result<CtlSettingsResult> build_ctl_settings(const LocalSources& sources, const GlobalOptions& options) {
  auto local = load_local_document(sources);
  if (!local) return local.error();
  if (options.dcs_url) {
    const auto url = parse_dcs_url(*options.dcs_url);
    if (!url) return url.error();
    use_dcs_url(local->document, *url);
  }
  CtlSettingsResult out;
  out.warnings = std::move(local->warnings);
  // A tool may run without any file: the store's address can come from -d, the cluster from its argument.
  if (local->document.empty()) return out;
  auto built = build_settings({.local = std::move(local->document), .local_origins = std::move(local->origins)});
  if (!built) return built.error();
  out.settings = std::move(built->settings);
  out.settings.ctl.insecure = out.settings.ctl.insecure || options.insecure;
  return out;
}

}  // namespace tamada::ctl
