import OutcropNumerics

/// Compares the tensors that are there with those that the configuration asks for.
struct TensorCheck {
    private(set) var findings: [Finding] = []
    private let report: ValidationReport
    /// Shards that are missing or whose headers cannot be read: what they should hold is not reported again, tensor by
    /// tensor.
    private let unreadable: Set<[UInt8]>
    /// Tensors whose entries are wrong: their shards' findings tell.
    private let rejected: Set<[UInt8]>
    private let indexed: [[UInt8]: [UInt8]]

    /// More findings of one kind than this are summed up in one.
    private static let limit = 200

    init(report: ValidationReport, configuration: ModelConfiguration) {
        self.report = report
        let readable = Set(report.files.shards.filter { $0.file != nil }.map { Array($0.name.utf8) })
        unreadable = Set(report.files.expectedShards.map { Array($0.utf8) }).subtracting(readable)
        rejected = report.files.shards.reduce(into: []) { $0.formUnion($1.file?.header.rejectedNames ?? []) }
        indexed = Dictionary(
            (report.files.index?.weightMap ?? []).map { (Array($0.tensor.utf8), Array($0.shard.utf8)) },
            uniquingKeysWith: { _, last in last })
        guard let layout = report.layout?.layout else { return }
        var missing: [Finding] = []
        var expected: Set<[UInt8]> = []
        for tensor in layout.allTensors(configuration) {
            expected.insert(Array(tensor.name.utf8))
            guard let place = report.places[Array(tensor.name.utf8)] else {
                if !isBlamedOnShard(tensor.name) { missing.append(missingTensor(tensor)) }
                continue
            }
            check(tensor, place)
        }
        findings += Self.limited(missing, "tensors are missing")
        checkFused(layout, configuration)
        let extra = report.places.filter { !expected.contains($0.key) && !Self.isIgnored($0.value.info.name) }
        let sorted = extra.values.sorted { $0.info.name.utf8.lexicographicallyPrecedes($1.info.name.utf8) }
        findings += Self.limited(
            sorted.map { place in
                Finding(
                    .tensorUnexpected, path: place.file.path, tensor: place.info.name,
                    byteOffset: place.info.byteRange.lowerBound,
                    "the configuration asks for no such tensor, so it is not used",
                    remedy: "Check num_hidden_layers, attention_bias and tie_word_embeddings in config.json")
            }, "tensors are not used")
    }

    private func isBlamedOnShard(_ name: String) -> Bool {
        if rejected.contains(Array(name.utf8)) { return true }
        if unreadable.isEmpty { return false }
        // Without an index any tensor can have been in a file that cannot be read.
        guard !indexed.isEmpty else { return true }
        return indexed[Array(name.utf8)].map(unreadable.contains) ?? false
    }

    private func missingTensor(_ tensor: ExpectedTensor) -> Finding {
        Finding(
            .tensorMissing, path: report.path, tensor: tensor.name,
            "no shard holds this tensor, \(tensor.shape) expected",
            remedy: "Download the checkpoint again, or correct config.json if the model has no such tensor")
    }

    private mutating func check(_ tensor: ExpectedTensor, _ place: Checkpoint.Place) {
        let info = place.info
        if info.shape != tensor.shape {
            findings.append(
                Finding(
                    .wrongShape, path: place.file.path, tensor: tensor.name, byteOffset: info.byteRange.lowerBound,
                    "config.json asks for \(tensor.shape), the tensor is \(info.shape)",
                    remedy: "Correct config.json, or save the checkpoint again"))
        }
        let allowed: [TensorElement] = tensor.content == .bytes ? [.u8] : [.bf16, .f16, .f32]
        if !allowed.contains(info.element) {
            findings.append(
                Finding(
                    .wrongElementType, path: place.file.path, tensor: tensor.name,
                    byteOffset: info.byteRange.lowerBound,
                    "\(allowed.map(\.rawValue).joined(separator: ", ")) expected, the tensor is \(info.element.rawValue)",
                    remedy: tensor.content == .bytes
                        ? "Save the experts as MXFP4 bytes or as bfloat16" : "Save the checkpoint again as bfloat16"))
        }
    }

    /// Queries, keys and values become one matrix, so their element types must agree.
    private mutating func checkFused(_ layout: any CheckpointLayout, _ configuration: ModelConfiguration) {
        for layer in 0..<configuration.layerCount {
            for tensor in [ModelTensor.fusedWeight(layer: layer), .fusedBias(layer: layer)] {
                let places = layout.parts(of: tensor, configuration).compactMap {
                    report.places[Array($0.name.utf8)]
                }
                guard let first = places.first else { continue }
                for place in places.dropFirst() where place.info.element != first.info.element {
                    findings.append(
                        Finding(
                            .elementTypesDisagree, path: place.file.path, tensor: place.info.name,
                            byteOffset: place.info.byteRange.lowerBound,
                            "it is \(place.info.element.rawValue), \(first.info.name) is \(first.info.element.rawValue)",
                            remedy: "Save the checkpoint again with one element type"))
                }
            }
        }
    }

    /// Buffers that old versions of transformers saved and that are computed anew.
    private static func isIgnored(_ name: String) -> Bool {
        name.hasSuffix("rotary_emb.inv_freq")
    }

    private static func limited(_ findings: [Finding], _ summary: String) -> [Finding] {
        guard findings.count > limit, let first = findings.first else { return findings }
        let rest = Finding(
            first.code, path: first.path, "\(findings.count - limit) more \(summary)", remedy: first.remedy)
        return Array(findings.prefix(limit)) + [rest]
    }
}
