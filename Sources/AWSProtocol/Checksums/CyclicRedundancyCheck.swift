/// A reflected CRC of 32 or 64 bits that starts and ends with an inversion, eight bytes at a time.
struct CyclicRedundancyCheck: Sendable {
    private let tables: [UInt64]
    private let mask: UInt64
    private var state: UInt64

    init(_ algorithm: ChecksumAlgorithm) {
        switch algorithm {
        case .crc32c: tables = Self.castagnoli
        case .crc64nvme: tables = Self.nvme
        default: tables = Self.ethernet
        }
        mask = algorithm.byteCount == 8 ? .max : UInt64(UInt32.max)
        state = mask
    }

    /// The checksum of all bytes so far.
    var value: UInt64 { state ^ mask }

    /// Slicing by eight: table `k` advances a byte over `k` more zero bytes, so that eight look-ups do eight bytes.
    mutating func update(_ bytes: Span<UInt8>) {
        let tables = tables
        let table = tables.span
        var crc = state
        var index = 0
        while index &+ 8 <= bytes.count {
            var word: UInt64 = 0
            for place in 0..<8 { word |= UInt64(bytes[index &+ place]) &<< UInt64(8 &* place) }
            word ^= crc
            crc = 0
            for place in 0..<8 {
                crc ^= table[(7 &- place) &<< 8 | Int(truncatingIfNeeded: word &>> UInt64(8 &* place) & 255)]
            }
            index &+= 8
        }
        while index < bytes.count {
            crc = crc &>> 8 ^ table[Int(truncatingIfNeeded: (crc ^ UInt64(bytes[index])) & 255)]
            index &+= 1
        }
        state = crc
    }

    /// The reflected polynomial.
    static func polynomial(_ algorithm: ChecksumAlgorithm) -> UInt64 {
        switch algorithm {
        case .crc32c: 0x82F6_3B78
        case .crc64nvme: 0x9A6C_9329_AC4B_C9B5
        default: 0xEDB8_8320
        }
    }

    /// The product of two polynomials modulo the CRC's; the highest bit is the coefficient of 1.
    static func multiply(_ left: UInt64, _ right: UInt64, polynomial: UInt64, width: Int) -> UInt64 {
        var product: UInt64 = 0
        var factor = right
        for place in (0..<width).reversed() {
            if left >> UInt64(place) & 1 == 1 { product ^= factor }
            factor = factor & 1 == 1 ? factor >> 1 ^ polynomial : factor >> 1
        }
        return product
    }

    /// What a CRC is multiplied by when `count` zero bytes follow: x to the power of 8 times `count`.
    static func power(ofBytes count: Int, polynomial: UInt64, width: Int) -> UInt64 {
        var result = UInt64(1) << UInt64(width - 1)
        var square = UInt64(1) << UInt64(width - 9)
        var remaining = count
        while remaining > 0 {
            if remaining & 1 == 1 { result = multiply(result, square, polynomial: polynomial, width: width) }
            square = multiply(square, square, polynomial: polynomial, width: width)
            remaining >>= 1
        }
        return result
    }

    private static let ethernet = makeTables(polynomial(.crc32))
    private static let castagnoli = makeTables(polynomial(.crc32c))
    private static let nvme = makeTables(polynomial(.crc64nvme))

    private static func makeTables(_ polynomial: UInt64) -> [UInt64] {
        var tables = (0..<256).map { byte in
            (0..<8).reduce(UInt64(byte)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ polynomial : crc >> 1 }
        }
        for index in 256..<2_048 {
            let before = tables[index - 256]
            tables.append(before >> 8 ^ tables[Int(before & 255)])
        }
        return tables
    }
}
