/// Reads the entries of a safetensors header and checks every tensor by itself and against the others.
struct HeaderParser {
    let path: String
    let dataOffset: Int
    let fileByteCount: Int
    private var findings: [Finding] = []
    private var tensors: [TensorInfo] = []
    private var metadata: [(key: String, value: String)] = []
    private var names: Set<[UInt8]> = []
    private var truncatedTensors: [(name: String, end: Int)] = []

    /// More findings than this about one file help nobody.
    private static let findingLimit = 100

    /// A hundred times as many as the largest models have; it bounds the memory that a hostile header costs.
    private static let tensorLimit = 500_000

    init(path: String, dataOffset: Int, fileByteCount: Int) {
        self.path = path
        self.dataOffset = dataOffset
        self.fileByteCount = fileByteCount
    }

    mutating func parse(_ bytes: [UInt8], _ range: Range<Int>) -> (SafetensorsHeader?, [Finding]) {
        var scanner = JSONScanner(bytes, range)
        do throws(JSONScanner.Failure) {
            try scanner.object { (scanner, name, offset) throws(JSONScanner.Failure) in
                try entry(&scanner, name, at: offset)
            }
            if scanner.peek() != nil {
                throw JSONScanner.Failure(offset: scanner.offset, message: "something follows the header's object")
            }
        } catch {
            report(
                .headerInvalid, at: error.offset, "the header is not valid JSON of the format: \(error.message)",
                remedy: SafetensorsHeader.downloadAgain)
            return (nil, findings)
        }
        tensors.sort {
            ($0.byteRange.lowerBound, $0.byteRange.upperBound) < ($1.byteRange.lowerBound, $1.byteRange.upperBound)
        }
        checkOrder()
        let rejected = names.subtracting(tensors.lazy.map { Array($0.name.utf8) })
        return (
            SafetensorsHeader(metadata: metadata, tensors: tensors, dataOffset: dataOffset, rejectedNames: rejected),
            findings
        )
    }

    private mutating func entry(
        _ scanner: inout JSONScanner, _ name: String, at offset: Int
    ) throws(JSONScanner.Failure) {
        if name.utf8.elementsEqual("__metadata__".utf8) {
            return try readMetadata(&scanner)
        }
        guard names.insert(Array(name.utf8)).inserted else {
            report(
                .duplicateTensor, tensor: name, at: offset, "the header describes this tensor twice",
                remedy: "Save the checkpoint again with a current safetensors")
            return try scanner.skipValue()
        }
        guard names.count <= Self.tensorLimit else {
            throw JSONScanner.Failure(offset: offset, message: "it describes more than \(Self.tensorLimit) tensors")
        }
        var element: String?
        var shape: [Int]?
        var offsets: [Int]?
        try scanner.object { (scanner, key, keyOffset) throws(JSONScanner.Failure) in
            switch key {
            case "dtype": element = try scanner.string()
            case "shape": shape = try scanner.integers(limit: 64)
            case "data_offsets": offsets = try scanner.integers(limit: 64)
            default: try scanner.skipValue()
            }
        }
        guard let element, let shape, let offsets, offsets.count == 2 else {
            throw JSONScanner.Failure(
                offset: offset, message: "\(name) needs dtype, shape and data_offsets with two numbers")
        }
        check(name, element, shape, begin: offsets[0], end: offsets[1], at: offset)
    }

    private mutating func readMetadata(_ scanner: inout JSONScanner) throws(JSONScanner.Failure) {
        var entries: [(key: String, value: String)] = []
        try scanner.object { (scanner, key, _) throws(JSONScanner.Failure) in
            entries.append((key, try scanner.string()))
        }
        metadata.append(contentsOf: entries)
    }

    /// Checks one tensor by itself and keeps it if it is right.
    private mutating func check(_ name: String, _ element: String, _ shape: [Int], begin: Int, end: Int, at offset: Int)
    {
        guard let element = TensorElement(rawValue: element) else {
            report(
                .unknownElementType, tensor: name, at: offset, "the element type '\(element)' does not exist",
                remedy: "Save the checkpoint again with a current safetensors")
            return
        }
        let dataByteCount = fileByteCount - dataOffset
        guard begin <= end else {
            report(
                .tensorOutOfRange, tensor: name, at: offset,
                "its data begins at \(begin) and ends before that, at \(end)",
                remedy: SafetensorsHeader.downloadAgain)
            return
        }
        guard let byteCount = element.byteCount(shape: shape) else {
            report(
                .tensorSizeMismatch, tensor: name, at: offset,
                "the size of \(element.rawValue) \(shape) does not fit in 64 bits",
                remedy: SafetensorsHeader.downloadAgain)
            return
        }
        guard byteCount == end - begin else {
            report(
                .tensorSizeMismatch, tensor: name, at: offset,
                "\(element.rawValue) \(shape) takes \(byteCount) bytes, its data_offsets span \(end - begin)",
                remedy: SafetensorsHeader.downloadAgain)
            return
        }
        guard end <= dataByteCount else {
            // A file cut short shows as many tensors past its end; `checkOrder` says so once.
            truncatedTensors.append((name, end))
            return
        }
        tensors.append(
            TensorInfo(name: name, element: element, shape: shape, byteRange: dataOffset + begin..<dataOffset + end))
    }

    /// Checks that the tensors cover the data once each, without holes, to the end of the file.
    private mutating func checkOrder() {
        reportTruncation()
        var position = dataOffset
        var previous: TensorInfo?
        for tensor in tensors {
            let begin = tensor.byteRange.lowerBound
            if begin < position, let previous, !tensor.byteRange.isEmpty {
                report(
                    .tensorsOverlap, tensor: tensor.name, at: begin,
                    "it begins at byte \(begin), inside \(previous.name), which ends at byte \(position)",
                    remedy: SafetensorsHeader.downloadAgain)
            } else if begin > position {
                report(
                    .hole, tensor: tensor.name, at: position,
                    "\(begin - position) bytes before it belong to no tensor", remedy: Self.saveAgain)
            }
            if tensor.byteRange.upperBound > position {
                position = tensor.byteRange.upperBound
                previous = tensor
            }
        }
        if position < fileByteCount, truncatedTensors.isEmpty, findings.isEmpty {
            report(
                .trailingBytes, at: position, "\(fileByteCount - position) bytes after the last tensor belong to none",
                remedy: Self.saveAgain)
        }
    }

    private static let saveAgain =
        "Other readers refuse such a file; an import reads it. Save the checkpoint again with a current safetensors"

    private mutating func reportTruncation() {
        guard let last = truncatedTensors.max(by: { $0.end < $1.end }) else { return }
        let (wanted, overflow) = last.end.addingReportingOverflow(dataOffset)
        // The end of a plausible file is one that a download would have reached.
        if !overflow, wanted < 1 << 50 {
            report(
                .fileTruncated, tensor: truncatedTensors[0].name, at: fileByteCount,
                "the file has \(fileByteCount) bytes, its tensors need \(wanted): "
                    + "\(truncatedTensors.count) of them lie past the end", remedy: SafetensorsHeader.downloadAgain)
        } else {
            report(
                .tensorOutOfRange, tensor: last.name, at: fileByteCount,
                "its data_offsets end at \(last.end), the file's data at \(fileByteCount - dataOffset)",
                remedy: SafetensorsHeader.downloadAgain)
        }
    }

    private mutating func report(
        _ code: FindingCode, tensor: String? = nil, at offset: Int, _ message: String, remedy: String
    ) {
        guard findings.count < Self.findingLimit else { return }
        findings.append(
            Finding(code, path: path, tensor: tensor, byteOffset: offset, message, remedy: remedy))
    }
}
