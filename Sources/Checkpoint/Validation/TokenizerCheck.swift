import OutcropNumerics

/// Whether the checkpoint's tokenizer can be used with the model.
enum TokenizerCheck {
    /// The name of the tokenizer's file.
    static let fileName = "tokenizer.json"
    /// Rows of the published models' embedding; their vocabulary comes with the program.
    static let publishedVocabularySize = 201_088

    /// - Parameter vocabularySize: rows of the embedding; nil when the configuration does not tell, and what depends on it
    ///   is not checked then.
    static func findings(_ files: inout CheckpointFiles, vocabularySize: Int?) -> [Finding] {
        guard files.has(fileName) else { return withoutTokenizerJSON(files, vocabularySize) }
        let path = files.file(fileName)
        guard let bytes = files.read(fileName, limit: 512 << 20) else { return [] }
        let probe: TokenizerProbe
        do throws(JSONScanner.Failure) {
            probe = try TokenizerProbe.read(bytes)
        } catch {
            return [
                Finding(
                    .tokenizerInvalid, path: path, byteOffset: error.offset, "it is not a tokenizer: \(error.message)",
                    remedy: "Restore the file")
            ]
        }
        guard probe.modelType == "BPE" else {
            return [
                Finding(
                    .tokenizerUnsupported, path: path,
                    "a model of type BPE expected, found \(probe.modelType ?? "none")",
                    remedy: "gpt-oss models use byte-level BPE; restore the model's own tokenizer.json")
            ]
        }
        if let vocabularySize, probe.largestID >= vocabularySize {
            return [
                Finding(
                    .tokenizerTooLarge, path: path,
                    "its largest token id is \(probe.largestID), the embedding has \(vocabularySize) rows",
                    remedy: "Resize the embedding (resize_token_embeddings) or restore the model's own tokenizer.json")
            ]
        }
        return []
    }

    private static func withoutTokenizerJSON(_ files: CheckpointFiles, _ vocabularySize: Int?) -> [Finding] {
        if vocabularySize == publishedVocabularySize {
            return [
                Finding(
                    .tokenizerPublished, path: files.path,
                    "there is no tokenizer.json; the published o200k_harmony, which comes with this program, is used",
                    remedy: "Add the model's tokenizer.json if it has one of its own")
            ]
        }
        if files.has("tokenizer.model") {
            return [
                Finding(
                    .tokenizerUnsupported, path: files.file("tokenizer.model"),
                    "a SentencePiece tokenizer; byte-level BPE in a tokenizer.json expected",
                    remedy: "Save the tokenizer with transformers' fast tokenizer classes")
            ]
        }
        guard let vocabularySize else { return [] }
        return [
            Finding(
                .tokenizerMissing, path: files.path,
                "there is no tokenizer.json, and \(vocabularySize) tokens are not the published "
                    + "\(publishedVocabularySize): text cannot be encoded, only token ids work",
                remedy: "Add the model's tokenizer.json")
        ]
    }
}
