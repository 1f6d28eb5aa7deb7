import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What the system says when something else listens on an address.
let addressInUse = EADDRINUSE

extension IOError {
    /// The system's reason, without the call that failed.
    var localizedReason: String {
        switch errnoCode {
        case EACCES: "this needs more rights; ports below 1024 are reserved"
        case EADDRNOTAVAIL: "the address is none of this machine's"
        default: description
        }
    }
}
