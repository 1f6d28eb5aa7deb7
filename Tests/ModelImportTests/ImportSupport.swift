import Checkpoint
import Foundation
import ModelImport
import ModelLibrary
import OutcropNumerics
import TestSupport

func checkpoint(_ name: String, _ layout: String) -> String { fixture("checkpoints/\(name)/\(layout)").path }

let models = ["d1-base", "d2-gqa8", "d4-allexp"]
let layouts = ["hf-mxfp4", "hf-bf16", "hf-bf16-sharded", "original"]

/// Reads an artifact's tensors by the drawing in CKernels.h, one value at a time.
struct ArtifactReader {
    let artifact: Artifact

    func bytes(_ name: String) throws -> [UInt8] {
        artifact.file.bytes(try artifact.tensor(name).byteRange)
    }

    func floats(_ name: String) throws -> [Float] {
        let bytes = try bytes(name)
        return Conversion.toFloats(bytes, .f32, count: bytes.count / 4)
    }

    private static let order = [0, 2, 1, 3]

    /// The matrix of one expert, [padded rows][columns] in the artifact's row order.
    func expert(_ name: String, _ expert: Int) throws -> [[Float]] {
        let shape = try artifact.tensor(name + ".blocks").shape
        let (groups, kBlocks) = (shape[1], shape[2])
        let blocks = try bytes(name + ".blocks")
        let scales = try bytes(name + ".scales")
        let table: [Float] = [0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6]
        var rows = [[Float]](repeating: [Float](repeating: .nan, count: kBlocks * 32), count: groups * 16)
        for group in 0..<groups {
            for k in 0..<kBlocks {
                let block = ((expert * groups + group) * kBlocks + k)
                for g in 0..<4 {
                    for r in 0..<16 {
                        let unit = Float(sign: .plus, exponent: Int(scales[block * 16 + r]) - 127, significand: 1)
                        for j in 0..<4 {
                            let byte = blocks[block * 256 + g * 64 + r * 4 + j]
                            let column = k * 32 + 4 * g + Self.order[j]
                            rows[group * 16 + r][column] = table[Int(byte & 15)] * unit
                            rows[group * 16 + r][column + 16] = table[Int(byte >> 4)] * unit
                        }
                    }
                }
            }
        }
        return rows
    }

    /// A dense matrix, [padded rows][columns].
    func dense(_ name: String) throws -> [[Float]] {
        let weight = try artifact.tensor(name + ".weight")
        let bytes = try bytes(name + ".weight")
        let groups = weight.shape[0]
        if weight.element == .bf16 {
            let columns = weight.shape[1] * 2
            let values = Conversion.toFloats(bytes, .bf16, count: bytes.count / 2)
            return (0..<groups * 16).map { row in
                (0..<columns).map { values[((row / 16 * columns / 2 + $0 / 2) * 16 + row % 16) * 2 + $0 % 2] }
            }
        }
        let kBlocks = weight.shape[1]
        let scaleBytes = try self.bytes(name + ".scales")
        let scales = Conversion.toFloats(scaleBytes, .f16, count: scaleBytes.count / 2)
        var rows = [[Float]](repeating: [Float](repeating: .nan, count: kBlocks * 32), count: groups * 16)
        for group in 0..<groups {
            for k in 0..<kBlocks {
                for g in 0..<8 {
                    for r in 0..<16 {
                        for j in 0..<4 {
                            let byte = bytes[(group * kBlocks + k) * 512 + g * 64 + r * 4 + j]
                            rows[group * 16 + r][k * 32 + 4 * g + Self.order[j]] =
                                (Float(byte) - 128) * scales[(group * kBlocks + k) * 16 + r]
                        }
                    }
                }
            }
        }
        return rows
    }
}

/// Reads a bf16 checkpoint's tensors as floats.
struct SourceReader {
    let checkpoint: Checkpoint

    func floats(_ name: String) throws -> [Float] {
        for shard in checkpoint.shards {
            let file = try SafetensorsFile(path: FileSystem.join(checkpoint.path, shard.name))
            if let tensor = file.header.tensors.first(where: { $0.name == name }) {
                let bytes = try file.file.read(at: tensor.byteRange.lowerBound, count: tensor.byteRange.count)
                return Conversion.toFloats(bytes, .bf16, count: bytes.count / 2)
            }
        }
        throw CheckpointError.notAFolder(path: name)
    }
}
