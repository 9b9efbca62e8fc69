// Texts that WAL-E, the metadata service and EC2 give to the helper programs.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/invariant.h"
#include "helpers/ec2_client.h"
#include "helpers/wale_backup_list.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tamada;
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto backup = parse_wale_backup_list(text)) {
    INVARIANT(backup->expanded_size_bytes >= 0);
    const auto start = wale_start(*backup, 16u << 20);
    if (start) INVARIANT(start->bytes % (16u << 20) == backup->start_offset);
  }
  if (const auto identity = parse_identity_document(text)) INVARIANT(!identity->instance_id.empty());
  if (const auto credentials = parse_instance_credentials(text)) INVARIANT(!credentials->secret.empty());
  (void)parse_describe_volumes(text);
  (void)ec2_error_text(text);
  return 0;
}
