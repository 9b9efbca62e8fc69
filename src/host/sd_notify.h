// Messages to systemd (Type=notify): a datagram to $NOTIFY_SOCKET. Without that variable nothing happens.
#pragma once

#include <string>
#include <string_view>

namespace tamada {

// Is there somebody to tell?
bool sd_notify_wanted();
// "READY=1", "STOPPING=1", "STATUS=..."; several lines at once are allowed. False when it could not be sent.
bool sd_notify(std::string_view state);
// "RELOADING=1" with the monotonic time that systemd wants beside it; READY=1 must follow.
bool sd_notify_reloading();

}  // namespace tamada
