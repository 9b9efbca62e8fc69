// A local document of any content, taken as the dynamic one too: settings are always built, and their times keep the
// rule.
#include <cstdint>
#include <string_view>

#include "base/invariant.h"
#include "base/yaml.h"
#include "model/settings_build.h"
#include "model/settings_validate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tamada;
  LocalSources sources;
  sources.from_path = true;
  sources.files = {{"fuzz", std::string(reinterpret_cast<const char*>(data), size)}};
  const auto local = load_local_document(sources);
  if (!local) return 0;
  validate_config(local->document, {}, {});
  BuildInput input;
  input.local = local->document;
  input.local_origins = local->origins;
  input.dynamic = local->document;
  const auto built = build_settings(input);
  if (!built) {
    const ErrorCode code = built.error().code;
    INVARIANT(code == ErrorCode::Unsupported || (code == ErrorCode::Invalid && local->document.empty()));
    return 0;
  }
  const DynamicSettings& d = built->settings.dynamic;
  INVARIANT(d.ttl.count() >= 3 && d.loop_wait.count() >= 1 && d.retry_timeout.count() >= 1);
  INVARIANT(d.loop_wait + 2 * d.retry_timeout <= d.ttl);
  return 0;
}
