import CKernels

/// Room for what the reductions over rows of logits find; fixed, so that using it allocates nothing.
public final class LogitScratch {
    /// Columns per entry of `sums`.
    public static let columnsPerSum = Int(CK_SUM_BLOCK)

    /// The most columns that a gather can find.
    public let capacity: Int
    /// What the last gather found: its first `count` entries mean something.
    public fileprivate(set) var indices: [Int32]
    /// What the last `sumOfExponentials` left, one entry per `columnsPerSum` columns.
    public fileprivate(set) var sums: [Double]

    /// Room for `capacity` gathered columns of rows of `columns`.
    public init(capacity: Int, columns: Int) {
        self.capacity = capacity
        indices = [Int32](repeating: 0, count: capacity)
        sums = [Double](repeating: 0, count: (columns + LogitScratch.columnsPerSum - 1) / LogitScratch.columnsPerSum)
    }
}

extension KernelSet {
    /// The index of the largest value of a row, the lowest on ties.
    public func argmax(_ x: FloatMatrix, row: Int) -> Int {
        Int(unsafe table.argmax(x.rowPointer(row), Int32(x.columns)))
    }

    /// The sum of exp((x - maximum) * inverseTemperature) over the values of a row that are at least `bound`; none may
    /// exceed `maximum`. At the inverse temperature 0 it is their number.
    ///
    /// - Parameters:
    ///   - columns: the columns that count.
    ///   - bound: above -infinity; values that are not numbers never count.
    ///   - scratch: gets the sums of blocks of `columnsPerSum` columns, counted from the first of `columns`, which add up to
    ///     the result in order.
    public func sumOfExponentials(
        _ x: FloatMatrix, row: Int, columns: Range<Int>, maximum: Float, inverseTemperature: Float = 1,
        bound: Float = -.greatestFiniteMagnitude, blocks scratch: LogitScratch
    ) -> Double {
        precondition(columns.lowerBound >= 0 && columns.upperBound <= x.columns, "columns of the row")
        precondition(columns.count <= scratch.sums.count * LogitScratch.columnsPerSum, "room for the sums")
        return unsafe scratch.sums.withUnsafeMutableBufferPointer { sums in
            unsafe table.sum_exp(
                x.rowPointer(row) + columns.lowerBound, Int32(columns.count), maximum, inverseTemperature, bound,
                sums.baseAddress)
        }
    }

    /// Finds the columns whose values are in `low..<high`, ascending, into `scratch.indices`, counted from the first of
    /// `columns`.
    /// - Returns: how many; nil if there are more than the scratch holds, which then has the first of them.
    public func gather(
        _ x: FloatMatrix, row: Int, columns: Range<Int>, from low: Float, below high: Float,
        into scratch: LogitScratch
    ) -> Int? {
        precondition(columns.lowerBound >= 0 && columns.upperBound <= x.columns, "columns of the row")
        let capacity = scratch.capacity
        let count = unsafe scratch.indices.withUnsafeMutableBufferPointer { indices in
            unsafe table.gather(
                x.rowPointer(row) + columns.lowerBound, Int32(columns.count), low, high, Int32(capacity),
                indices.baseAddress)
        }
        return Int(count) <= capacity ? Int(count) : nil
    }
}
